// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the control API shows of the NAT: requests in, exact answers out.
#include "gateway/daemon/nat_api.h"

#include <boost/test/unit_test.hpp>

#include "tests/daemon/api.h"

using namespace gatehouse;
using test::Api;
using test::at;
using test::host;
using test::kOutside;
using test::kServer;
using test::kServer2;
using test::with_forward;

namespace {

// A conntrack entry that began inside.
kernel::Session from_inside(Proto proto, Endpoint4 inside, Endpoint4 outside, Endpoint4 remote) {
    kernel::Session session;
    session.original = {proto, inside.address, remote.address, inside.port, remote.port, 0, 0};
    session.reply = {proto, remote.address, outside.address, remote.port, outside.port, 0, 0};
    session.source_nat = true;
    session.timeout = 30s;
    return session;
}

kernel::Session from_outside(Proto proto, Endpoint4 inside, Endpoint4 outside, Endpoint4 remote) {
    kernel::Session session;
    session.original = {proto, remote.address, outside.address, remote.port, outside.port, 0, 0};
    session.reply = {proto, inside.address, remote.address, inside.port, remote.port, 0, 0};
    session.destination_nat = true;
    session.timeout = 30s;
    return session;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lists)

BOOST_AUTO_TEST_CASE(a_quiet_house_has_empty_lists) {
    Api api;
    api.sessions.emplace();
    for (const char* list : {"mappings", "sessions", "forwards", "pinholes", "hosts"})
        BOOST_TEST(api.get(list) == "[]");
}

BOOST_AUTO_TEST_CASE(a_mapping_is_listed_with_the_sessions_the_kernel_has_now) {
    Api api;
    const auto outside = api.house.send(host(20, 5060), at(kServer, 5060));
    BOOST_REQUIRE(outside);
    api.house.now += 90s;
    api.sessions.emplace();
    for (const Ip4 server : {kServer, kServer2}) {
        api.sessions->push_back(
            from_inside(Proto::udp, host(20, 5060), *outside, at(server, 5060)));
    }
    api.sessions->back().timeout = 299s;
    BOOST_TEST(api.get("mappings") ==
               R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
               R"("remote":null,"origin":"dynamic","sessions":2,"age":90,"expires_in":299}])");
}

BOOST_AUTO_TEST_CASE(without_the_kernels_sessions_the_last_dump_counts) {
    Api api;
    api.house.send(host(20, 5060), at(kServer, 5060));
    api.house.dump();
    api.house.now += 60s;
    BOOST_TEST(api.get("mappings") ==
               R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
               R"("remote":null,"origin":"dynamic","sessions":1,"age":60,"expires_in":240}])");
}

BOOST_AUTO_TEST_CASE(a_symmetric_mapping_names_its_remote) {
    Api api(test::config_of(config::NatType::symmetric));
    api.house.send(host(20, 5060), at(kServer, 80));
    BOOST_TEST(api.get("mappings").find(R"("remote":"11.0.9.1:80")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(mappings_are_sorted_by_host) {
    Api api;
    api.house.send(host(30, 1), at(kServer, 80));
    api.house.send(host(3, 9), at(kServer, 80), Proto::udp);
    api.house.send(host(3, 8), at(kServer, 80), Proto::udp);
    api.house.send(host(3, 9), at(kServer, 80), Proto::tcp);
    const std::string json = api.get("mappings");
    std::size_t last = 0;
    for (const char* row :
         {R"("tcp","inside":"192.168.1.3:9")", R"("udp","inside":"192.168.1.3:8")",
          R"("udp","inside":"192.168.1.3:9")", R"(192.168.1.30:1)"}) {
        const std::size_t found = json.find(row);
        BOOST_REQUIRE(found != std::string::npos);
        BOOST_TEST(found > last);
        last = found;
    }
}

BOOST_AUTO_TEST_CASE(what_a_user_or_client_asked_for_is_a_forward_and_no_mapping) {
    Api api(with_forward());
    auto request = api.house.forward_request(host(30, 3074), Port{3074}, nat::OwnerKind::igd, "a");
    request.description = "Xbox";
    request.lifetime = 3600s;
    BOOST_REQUIRE(api.house.engine->request(request, api.house.now));
    api.house.flush();
    api.house.now += 600s;
    BOOST_TEST(api.get("mappings") == "[]");
    BOOST_TEST(api.get("forwards") ==
               R"([{"id":1,"proto":"tcp","outside":"11.0.0.1:8080","inside":"192.168.1.10:80",)"
               R"("remote":null,"origin":"static","owner":"configuration","description":"web",)"
               R"("expires_in":null,"enabled":true},)"
               R"({"id":2,"proto":"udp","outside":"11.0.0.1:3074","inside":"192.168.1.30:3074",)"
               R"("remote":null,"origin":"igd","owner":"a","description":"Xbox",)"
               R"("expires_in":3000,"enabled":true}])");
    BOOST_TEST(api.ask("GET", "/api/v1/forwards/1").body ==
               R"({"id":1,"proto":"tcp","outside":"11.0.0.1:8080","inside":"192.168.1.10:80",)"
               R"("remote":null,"origin":"static","owner":"configuration","description":"web",)"
               R"("expires_in":null,"enabled":true})");
}

BOOST_AUTO_TEST_CASE(the_media_of_a_call_are_mappings_and_no_forwards) {
    Api api;
    auto request =
        api.house.forward_request(host(20, 7078), Port{7078}, nat::OwnerKind::sip, "call");
    request.lifetime = 120s;
    const auto made = api.house.engine->request(request, api.house.now);
    BOOST_REQUIRE(made);
    api.house.flush();
    BOOST_TEST(api.get("forwards") == "[]");
    const std::string row =
        R"([{"proto":"udp","inside":"192.168.1.20:7078","outside":"11.0.0.1:7078",)"
        R"("remote":null,"origin":"sip","sessions":0,"age":0,"expires_in":120}])";
    BOOST_TEST(api.get("mappings") == row);
    api.sessions.emplace();
    BOOST_TEST(api.get("mappings") == row);
    BOOST_TEST(api.ask("GET", concat("/api/v1/forwards/", made->id)).status == 404U);
    BOOST_TEST(api.del(std::to_string(made->id)).starts_with("404 "));
    BOOST_TEST(api.house.engine->forwards().size() == 1U);
}

BOOST_AUTO_TEST_CASE(pinholes_are_those_of_the_configuration_and_those_that_were_asked_for) {
    config::Config config = test::default_config();
    config.pinholes = {
        {"web", config::ForwardProto::both, {{80}, {81}}, parse_mac("00:11:22:33:44:55"), {}, {}},
        {"ssh",
         config::ForwardProto::tcp,
         {{22}, {22}},
         {},
         parse_ip6("2001:db8::20"),
         parse_ip6("2001:db8:f::7")}};
    Api api(config);
    nat::PinholeRequest request;
    request.inside = *parse_ip6("2001:db8::30");
    request.port = Port{5000};
    request.lifetime = 600s;
    request.owner = {nat::OwnerKind::pcp, "console"};
    request.description = "game";
    BOOST_REQUIRE(api.house.engine->open_pinhole(request, api.house.now));
    const std::string web =
        R"("inside":null,"port":"80-81","mac":"00:11:22:33:44:55","remote":null,"origin":"static",)"
        R"("owner":"configuration","description":"web","expires_in":null})";
    BOOST_TEST(api.get("pinholes") ==
               concat(R"([{"id":null,"proto":"tcp",)", web, R"(,{"id":null,"proto":"udp",)", web,
                      R"(,{"id":null,"proto":"tcp","inside":"2001:db8::20","port":"22","mac":null,)"
                      R"("remote":"2001:db8:f::7","origin":"static","owner":"configuration",)"
                      R"("description":"ssh","expires_in":null},)"
                      R"({"id":1,"proto":"udp","inside":"2001:db8::30","port":"5000","mac":null,)"
                      R"("remote":null,"origin":"pcp","owner":"console","description":"game",)"
                      R"("expires_in":600}])"));
}

BOOST_AUTO_TEST_CASE(hosts_are_those_that_are_known_and_those_that_talk) {
    config::Config config = test::default_config();
    config.hosts.push_back(
        {"console", std::nullopt, host(30, 0).address, config::NatType::full_cone});
    Api api(config);
    api.house.hosts.publish(host(20, 0).address, nat::HostSource::lease,
                            parse_mac("00:11:22:33:44:66"), "phone");
    api.house.hosts.publish(*parse_ip("fd00::7"), nat::HostSource::neighbour,
                            parse_mac("00:11:22:33:44:77"));
    api.house.send(host(30, 3074), at(kServer, 80));
    api.house.send(host(30, 3075), at(kServer, 80));
    BOOST_TEST(api.get("hosts") ==
               R"([{"address":"192.168.1.20","mac":"00:11:22:33:44:66","name":"phone",)"
               R"("nat":"restricted-cone","mappings":0,"sessions":0},)"
               R"({"address":"192.168.1.30","mac":null,"name":null,"nat":"full-cone",)"
               R"("mappings":2,"sessions":2},)"
               R"({"address":"fd00::7","mac":"00:11:22:33:44:77","name":null,"nat":null,)"
               R"("mappings":null,"sessions":null}])");
}

BOOST_AUTO_TEST_CASE(where_the_protocols_differ_a_host_shows_both_types) {
    config::Config config = test::default_config();
    config.nat.udp_type = config::NatType::full_cone;
    config.nat.tcp_type = config::NatType::symmetric;
    Api api(config);
    api.house.hosts.publish(host(20, 0).address, nat::HostSource::lease, std::nullopt);
    BOOST_TEST(api.get("hosts").find(R"("nat":"udp full-cone, tcp symmetric")") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(session_list)

BOOST_AUTO_TEST_CASE(a_session_from_inside_shows_its_three_ends_and_its_traffic) {
    Api api;
    auto session = from_inside(Proto::tcp, host(20, 4000), at(kOutside, 4001), at(kServer, 80));
    session.tcp = kernel::TcpState::established;
    session.sent = kernel::Traffic{3, 180};
    session.received = kernel::Traffic{2, 3000};
    session.timeout = 7440s;
    api.sessions = {session};
    BOOST_TEST(api.get("sessions") ==
               R"([{"proto":"tcp","inside":"192.168.1.20:4000","outside":"11.0.0.1:4001",)"
               R"("remote":"11.0.9.1:80","state":"established","expires_in":7440,)"
               R"("packets_out":3,"packets_in":2,"bytes_out":180,"bytes_in":3000}])");
}

BOOST_AUTO_TEST_CASE(a_session_from_outside_is_seen_from_the_same_side) {
    Api api;
    auto session = from_outside(Proto::udp, host(20, 5060), at(kOutside, 5070), at(kServer, 5060));
    session.sent = kernel::Traffic{3, 180};
    session.received = kernel::Traffic{2, 100};
    session.seen_reply = true;
    api.sessions = {session};
    BOOST_TEST(api.get("sessions") ==
               R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5070",)"
               R"("remote":"11.0.9.1:5060","state":"answered","expires_in":30,)"
               R"("packets_out":2,"packets_in":3,"bytes_out":100,"bytes_in":180}])");
}

BOOST_AUTO_TEST_CASE(a_hairpin_session_is_that_of_the_host_that_began_it) {
    Api api;
    auto session = from_inside(Proto::udp, host(20, 5000), at(kOutside, 5000), at(kOutside, 6000));
    session.reply.source = host(30, 0).address;
    session.reply.source_port = Port{6001};
    session.destination_nat = true;
    session.assured = true;
    api.sessions = {session};
    BOOST_TEST(api.get("sessions") ==
               R"([{"proto":"udp","inside":"192.168.1.20:5000","outside":"11.0.0.1:5000",)"
               R"("remote":"11.0.0.1:6000","state":"assured","expires_in":30,)"
               R"("packets_out":null,"packets_in":null,"bytes_out":null,"bytes_in":null}])");
}

BOOST_AUTO_TEST_CASE(a_query_has_its_identifier_and_other_protocols_have_no_ports) {
    Api api;
    auto ping = from_inside(Proto::icmp, host(20, 77), at(kOutside, 0), at(kServer, 0));
    ping.reply.source_port = Port{78};
    const auto gre = from_inside(Proto::gre, host(20, 0), at(kOutside, 0), at(kServer, 0));
    api.sessions = {gre, ping};
    const std::string json = api.get("sessions");
    BOOST_TEST(json.find(R"({"proto":"icmp","inside":"192.168.1.20:77","outside":"11.0.0.1:78",)"
                         R"("remote":"11.0.9.1","state":"unanswered",)") == 1U);
    BOOST_TEST(json.find(R"({"proto":"gre","inside":"192.168.1.20","outside":"11.0.0.1",)"
                         R"("remote":"11.0.9.1",)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_offloaded_session_does_not_pretend_to_know_its_end) {
    Api api;
    auto session = from_inside(Proto::udp, host(20, 1), at(kOutside, 1), at(kServer, 1));
    session.offloaded = true;
    api.sessions = {session};
    BOOST_TEST(api.get("sessions").find(R"("expires_in":null)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(when_the_kernel_does_not_tell_the_answer_says_so) {
    Api api;
    const control::Response answer = api.ask("GET", "/api/v1/sessions");
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(answer.body ==
               R"({"error":"the kernel does not tell its sessions","hint":"try again"})");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(the_status_counts_what_is_there_and_what_was_refused) {
    Api api(with_forward());
    api.house.hosts.publish(host(20, 0).address, nat::HostSource::lease, std::nullopt);
    api.house.send(host(20, 5060), at(kServer, 5060));
    api.house.send(host(20, 5060), at(kServer2, 5060));
    const auto counts = [&api] {
        control::StatusView status;
        daemon::add_nat_counts(status, *api.house.engine, api.house.hosts, api.house.now);
        std::string out;
        for (const auto& [name, value] : status.counts)
            append(out, name, '=', value, ' ');
        return out;
    };
    BOOST_TEST(counts() == "mappings=1 sessions=1 forwards=1 hosts=1 ");
    api.house.dump();
    auto request = api.house.forward_request(host(30, 80), Port{8080});
    request.proto = Proto::tcp;
    request.must_have_port = true;
    BOOST_TEST(!api.house.engine->request(request, api.house.now).ok());
    BOOST_TEST(counts() == "mappings=1 sessions=2 forwards=1 hosts=1 refused_port_taken=1 ");
}

BOOST_AUTO_TEST_CASE(the_metrics_follow_the_engine_and_counters_are_not_counted_twice) {
    Api api(with_forward());
    api.house.send(host(20, 5060), at(kServer, 5060));
    Metrics metrics;
    for (int i = 0; i < 2; ++i)
        daemon::update_nat_metrics(metrics, *api.house.engine, api.house.now);
    BOOST_TEST(metrics.value(Metric::mappings) == 1);
    BOOST_TEST(metrics.value(Metric::sessions) == 1);
    BOOST_TEST(metrics.value(Metric::forwards) == 1);
    BOOST_TEST(metrics.value(Metric::pinholes) == 0);
    BOOST_TEST(metrics.value(Metric::mappings_made) == 1);
    BOOST_TEST(metrics.value(Metric::mappings_ended) == 0);
    BOOST_TEST(metrics.value(Metric::refused, "port_taken") == 0);
    api.house.end_sessions_of(host(20, 5060));
    api.house.pass(60s);
    daemon::update_nat_metrics(metrics, *api.house.engine, api.house.now);
    BOOST_TEST(metrics.value(Metric::mappings) == 0);
    BOOST_TEST(metrics.value(Metric::resting_ports) == 1);
    BOOST_TEST(metrics.value(Metric::mappings_made) == 1);
    BOOST_TEST(metrics.value(Metric::mappings_ended) == 1);
}

BOOST_AUTO_TEST_CASE(every_reason_of_a_refusal_is_shown_before_it_happens) {
    std::string reasons;
    for (std::size_t i = 0; i < static_cast<std::size_t>(nat::Refusal::count_); ++i) {
        append(reasons, i == 0 ? "" : " ", nat::to_string(static_cast<nat::Refusal>(i)));
    }
    BOOST_TEST(row_of(Metric::refused).values == reasons);
}

BOOST_AUTO_TEST_SUITE_END()
