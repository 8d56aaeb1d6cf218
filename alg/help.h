// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether a host helps itself through NATs, by the names that its messages give it.
#pragma once

#include <optional>

#include "alg/alg.h"
#include "alg/uri.h"

namespace gatehouse::sip {

// Of the first Contact of a message.
std::optional<Uri> contact_of(const Message& message);

// What is to be thought of the host after this message of its.
Help judge(const Message& message, const Flow& flow, Help before);

}  // namespace gatehouse::sip
