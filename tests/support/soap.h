// SPDX-License-Identifier: GPL-2.0-or-later
//
// Requests to a gateway device as clients write them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/text.h"

namespace gatehouse::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string soap_body(std::string_view type, std::string_view action,
                             const Fields& arguments) {
    std::string out = concat(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
        "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:",
        action, " xmlns:u=\"", type, "\">");
    for (const auto& [name, value] : arguments)
        append(out, '<', name, '>', escape_xml(value), "</", name, '>');
    append(out, "</u:", action, "></s:Body></s:Envelope>");
    return out;
}

// The text of the first element of that name; "-" where there is none.
inline std::string element(const std::string& xml, std::string_view name) {
    const std::string open = concat('<', name, '>');
    const std::size_t begin = xml.find(open);
    if (begin == std::string::npos) return "-";
    const std::size_t end = xml.find("</", begin);
    return xml.substr(begin + open.size(), end - begin - open.size());
}

inline Fields add_fields(std::string_view outside, std::string_view inside, std::string_view client,
                         std::string_view proto = "TCP", std::string_view lease = "3600",
                         std::string_view description = "game") {
    return {{"NewRemoteHost", ""},
            {"NewExternalPort", std::string(outside)},
            {"NewProtocol", std::string(proto)},
            {"NewInternalPort", std::string(inside)},
            {"NewInternalClient", std::string(client)},
            {"NewEnabled", "1"},
            {"NewPortMappingDescription", std::string(description)},
            {"NewLeaseDuration", std::string(lease)}};
}

inline Fields place_fields(std::string_view outside, std::string_view proto = "TCP") {
    return {{"NewRemoteHost", ""},
            {"NewExternalPort", std::string(outside)},
            {"NewProtocol", std::string(proto)}};
}

}  // namespace gatehouse::test
