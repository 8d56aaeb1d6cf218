// SPDX-License-Identifier: GPL-2.0-or-later
//
// The session descriptions within the body of a message: the body itself, or parts of a multipart
// (RFC 2046), also one within another. Signed, encrypted and encoded parts are never entered.
// Bounds: kMostParts parts in all.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "alg/message.h"

namespace gatehouse::sip {

constexpr std::size_t kMostParts = 16;

// The Content-Length of a part, in its usual form.
struct PartLength {
    std::string_view digits;
    std::string_view counted;
};

struct BodyPart {
    std::string_view text;
    std::vector<PartLength> lengths;  // its own and those of the parts around it, where they say so
};

struct Bodies {
    std::vector<BodyPart> descriptions;
    bool sealed = false;  // something is signed or encrypted
};

// Nothing within reach, or more than kMostParts, gives no descriptions.
Bodies find_descriptions(const Message& message);

}  // namespace gatehouse::sip
