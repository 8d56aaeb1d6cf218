// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/http.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "upnp/soap.h"

namespace gatehouse::upnp {

std::optional<Target> parse_path(std::string_view path, const Identity& identity) {
    if (path == "/") return Target{};
    const std::string token = concat('/', identity.token(), '/');
    if (!path.starts_with(token)) return std::nullopt;
    const auto steps = split(path.substr(token.size()), '/');
    for (const Tree tree : kTrees) {
        if (steps[0] != to_string(tree)) continue;
        if (steps.size() == 2 && steps[1] == "device.xml") {
            return Target{Target::Kind::description, tree, nullptr};
        }
        for (const ServiceModel* service : services_of(tree)) {
            if (steps.size() != 3 || steps[1] != service->name) continue;
            if (steps[2] == "scpd.xml") return Target{Target::Kind::scpd, tree, service};
            if (steps[2] == "control") return Target{Target::Kind::control, tree, service};
            if (steps[2] == "event") return Target{Target::Kind::event, tree, service};
        }
    }
    return std::nullopt;
}

std::optional<unsigned> refuse_request(const HttpRequest& request) {
    const std::string* host = request.header("Host");
    if (host == nullptr || request.count("Host") != 1) return 400;
    const std::string literal = request.local.to_string();
    constexpr std::string_view kDefaultPort = ":80";
    const std::string with_port = concat(*host, kDefaultPort);
    const bool default_port = with_port == literal;
    if (*host != literal && !default_port) return 403;
    for (const std::string_view name : {"Origin", "Referer"}) {
        if (request.header(name) != nullptr) return 403;
    }
    const std::string* site = request.header("Sec-Fetch-Site");
    // A person may type the address of the presentation.
    if (site != nullptr && *site != "none") return 403;
    return std::nullopt;
}

std::optional<unsigned> refuse_control(const HttpRequest& request) {
    const std::string* type = request.header("Content-Type");
    if (type == nullptr || request.count("Content-Type") != 1) return 415;
    const std::string_view media = trim(std::string_view(*type).substr(0, type->find(';')));
    if (!equal_ignoring_case(media, "text/xml")) return 415;
    if (request.count("SOAPAction") != 1) return 400;
    if (request.body.size() > kLongestCall) return 413;
    return std::nullopt;
}

}  // namespace gatehouse::upnp
