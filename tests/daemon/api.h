// SPDX-License-Identifier: GPL-2.0-or-later
//
// The control API of the NAT without sockets: an engine in a naive kernel, and a clock that stands
// still unless it is told to move.
#pragma once

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/daemon/nat_api.h"
#include "tests/nat/support/house.h"

namespace gatehouse::test {

inline config::Config with_forward() {
    config::Config config = default_config();
    config::Forward forward;
    forward.name = "web";
    forward.proto = config::ForwardProto::tcp;
    forward.outside = {Port{8080}, Port{8080}};
    forward.inside = host(10, 0).address;
    forward.inside_ports = {Port{80}, Port{80}};
    config.forwards.push_back(forward);
    return config;
}

class Api {
  public:
    explicit Api(const config::Config& config = default_config()) : house(config) {}

    control::Response ask(const std::string& method, const std::string& path,
                          const std::string& body = {}, bool may_write = true) {
        control::Request request{method, path.substr(0, path.find('?')), body, may_write};
        if (path.size() > request.path.size()) {
            for (const auto part :
                 split(std::string_view(path).substr(request.path.size() + 1), '&')) {
                const auto sign = part.find('=');
                request.query.emplace_back(part.substr(0, sign), part.substr(sign + 1));
            }
        }
        const daemon::NatApi api{*house.engine, house.hosts, [this] { return sessions; },
                                 [this] { house.flush(); }};
        auto answer = daemon::serve_nat(api, request, house.now);
        if (!answer) return {0, "", "not ours"};
        if (answer->stream) {
            streamed = true;
            while (answer->stream->next(answer->body) != control::Stream::Next::end) {
            }
        }
        return *answer;
    }
    std::string get(const std::string& what) {
        const control::Response answer = ask("GET", "/api/v1/" + what);
        BOOST_TEST(answer.status == 200U);
        BOOST_TEST(answer.content_type == "application/json");
        return answer.body;
    }
    // "STATUS BODY"
    std::string add(const std::string& body) {
        const control::Response answer = ask("POST", "/api/v1/forwards", body);
        return concat(answer.status, ' ', answer.body);
    }
    std::string del(const std::string& id) {
        const control::Response answer = ask("DELETE", "/api/v1/forwards/" + id);
        return concat(answer.status, ' ', answer.body);
    }

    House house;
    std::optional<std::vector<kernel::Session>> sessions;
    bool streamed = false;  // an answer came in pieces
};

}  // namespace gatehouse::test
