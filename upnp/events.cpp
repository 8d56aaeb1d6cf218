// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/events.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

const std::string* HttpRequest::header(std::string_view name) const {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
        return equal_ignoring_case(header.first, name);
    });
    return found == headers.end() ? nullptr : &found->second;
}

std::size_t HttpRequest::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(),
                      [&](const auto& header) { return equal_ignoring_case(header.first, name); }));
}

bool Effects::empty() const {
    return farewells.empty() && !listen && sends.empty() && notifies.empty() && !replace_journal &&
           append_journal.empty() && probes.empty() && !ask_in_use && log.empty() &&
           !upstream_link && !ask_gateway && upstream_sends.empty() && fetches.empty() &&
           http_answers.empty();
}

void Effects::clear() {
    *this = {};
}

}  // namespace gatehouse::upnp
