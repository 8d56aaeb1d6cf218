// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a request to the HTTP server must be before anything looks into it. A web page in a browser
// of the house must not reach us: behind another name (DNS rebinding), by a form or a script
// (Origin, Referer, Sec-Fetch-Site), or without the header that only SOAP has. Paths begin with a
// word that nobody outside the house knows.
#pragma once

#include "upnp/events.h"
#include "upnp/model.h"

namespace gatehouse::upnp {

// What a path leads to.
struct Target {
    enum class Kind : std::uint8_t { presentation, description, scpd, control, event };

    Kind kind = Kind::presentation;
    Tree tree = Tree::igd1;
    const ServiceModel* service = nullptr;
};

std::optional<Target> parse_path(std::string_view path, const Identity& identity);

// Nothing: it may pass. Otherwise the status of the answer.
std::optional<unsigned> refuse_request(const HttpRequest& request);
// Of a control request: also the media type. M-POST is not spoken any more.
std::optional<unsigned> refuse_control(const HttpRequest& request);

}  // namespace gatehouse::upnp
