// SPDX-License-Identifier: GPL-2.0-or-later
//
// The answer of /api/v1/why: requests in, exact answers out. What it says is held against packets
// in tests/nat/explain.cpp and tests/lab/control_why_test.cpp.
#include "gateway/daemon/why_api.h"

#include <boost/test/unit_test.hpp>

#include "tests/daemon/api.h"

using namespace gatehouse;
using test::Api;
using test::at;
using test::host;
using test::kServer;

namespace {

struct Why {
    Api api;
    std::optional<kernel::Session> session;

    std::string ask(control::Headers query) {
        const control::Request request{"GET", "/api/v1/why", "", false, std::move(query)};
        const auto flow = daemon::parse_flow(request);
        if (!flow) return daemon::bad_request(flow.error()).body;
        return daemon::write_why(*flow, {}, session, *api.house.engine, api.house.hosts,
                                 api.house.config);
    }
    std::string ask(const char* proto, const char* inside, const char* remote) {
        return ask({{"proto", proto}, {"inside", inside}, {"remote", remote}});
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(why)

BOOST_AUTO_TEST_CASE(a_running_flow_is_told_whole) {
    Why why;
    why.api.house.hosts.publish(host(20, 0).address, nat::HostSource::static_,
                                parse_mac("00:11:22:33:44:55"), "phone");
    const auto outside = why.api.house.send(host(20, 5070), at(kServer, 80));
    BOOST_REQUIRE(outside);
    kernel::Session session;
    session.original =
        daemon::tuple_of({Proto::udp, {host(20, 0).address, Port{5070}}, {kServer, Port{80}}});
    session.reply = {Proto::udp, kServer, outside->address, Port{80}, outside->port, 0, 0};
    session.source_nat = true;
    session.seen_reply = true;
    session.timeout = 30s;
    why.session = session;
    BOOST_TEST(why.ask("udp", "192.168.1.20:5070", "11.0.9.1:80") ==
               R"({"proto":"udp","inside":"192.168.1.20:5070","remote":"11.0.9.1:80",)"
               R"("kind":"plain","host":"phone","behaviour":"endpoint-independent mapping, )"
               R"(address-dependent filtering","mapping":"11.0.0.1:5070","session":"answered",)"
               R"("expires_in":30,"forward":null,"pinhole":null,"out":{"passes":true,)"
               R"("endpoint":"11.0.0.1:5070","rule":"session",)"
               R"("why":"a session runs between the two; all its packets pass"},)"
               R"("in":{"passes":true,"endpoint":"11.0.0.1:5070","rule":"session",)"
               R"("why":"a session runs between the two; all its packets pass"}})");
}

BOOST_AUTO_TEST_CASE(a_session_without_translation_lets_nothing_pass) {
    Why why;
    kernel::Session session;
    session.original =
        daemon::tuple_of({Proto::udp, {host(20, 0).address, Port{9}}, {kServer, Port{80}}});
    session.reply = {Proto::udp, kServer, host(20, 0).address, Port{80}, Port{9}, 0, 0};
    why.session = session;
    BOOST_TEST(why.ask("udp", "192.168.1.20:9", "11.0.9.1:80").find("\"rule\":\"session\"") ==
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_the_engine_refuses_is_told_in_its_words) {
    Why why;
    why.api.house.event(nat::OutsideChanged{});
    const std::string said = why.ask("tcp", "192.168.1.20:9", "11.0.9.1:80");
    BOOST_TEST(said.find(R"("out":{"passes":false,"endpoint":null,"rule":"no_outside_address",)"
                         R"("why":"there is no outside address"})") != std::string::npos,
               said);
}

BOOST_AUTO_TEST_CASE(a_wrong_question_names_its_field) {
    Why why;
    const auto error = [](const std::string& text, const char* field) {
        return concat("{\"error\":\"", text, R"(","reason":"bad_request","field":")", field, "\"}");
    };
    BOOST_TEST(why.ask({}) == error("proto must be one of tcp, udp, icmp", "proto"));
    BOOST_TEST(
        why.ask({{"proto", "udp"}}) ==
        error("inside is '': must be an address and a port such as 192.168.1.20:5060", "inside"));
    BOOST_TEST(why.ask("gre", "192.168.1.20:9", "11.0.9.1:80") ==
               error("proto must be one of tcp, udp, icmp", "proto"));
    BOOST_TEST(why.ask("udp", "192.168.1.20:9", "11.0.9.1") ==
               error("remote is '11.0.9.1': must be an address and a port such as "
                     "192.168.1.20:5060",
                     "remote"));
    BOOST_TEST(why.ask("icmp", "192.168.1.20", "2001:db8::1") ==
               error("one is an address of IPv4, the other one of IPv6", "remote"));
}

BOOST_AUTO_TEST_SUITE_END()
