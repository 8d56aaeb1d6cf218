// SPDX-License-Identifier: GPL-2.0-or-later
//
// What somebody asks for with POST /api/v1/forwards: a flat JSON object, read strictly. What is
// wrong is said with the name of its field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::daemon {

// Forwards asked for through the control API belong to it, those of the file to the file.
inline constexpr std::string_view kControlOwner = "control";

struct FieldError {
    std::string field;  // empty where it is about the whole body
    std::string text;
};

// One request for each protocol: `both` is two.
Result<std::vector<nat::ForwardRequest>, FieldError> parse_forward_body(std::string_view body);

}  // namespace gatehouse::daemon
