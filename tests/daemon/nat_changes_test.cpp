// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be changed through the control API of the NAT, and what is refused and how.
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

constexpr const char* kPhoneBody =
    R"({"proto":"udp","outside":"5060","inside":"192.168.1.20:5060","name":"phone"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(changes)

BOOST_AUTO_TEST_CASE(a_forward_that_is_added_lets_strangers_in_and_deleted_shuts_them_out) {
    Api api;
    const std::string row =
        R"({"id":1,"proto":"udp","outside":"11.0.0.1:5060","inside":"192.168.1.20:5060",)"
        R"("remote":null,"origin":"static","owner":"control","description":"phone",)"
        R"("expires_in":null,"enabled":true})";
    BOOST_TEST(api.add(kPhoneBody) == "201 [" + row + "]");
    BOOST_TEST(api.get("forwards") == "[" + row + "]");
    BOOST_CHECK(api.house.receive(at(kOutside, 5060), at(kServer, 1)) == host(20, 5060));
    BOOST_TEST(api.del("1") == "200 " + row);
    BOOST_TEST(api.get("forwards") == "[]");
    BOOST_TEST(!api.house.receive(at(kOutside, 5060), at(kServer2, 1)).has_value());
    BOOST_TEST(api.del("1") ==
               R"(404 {"error":"forward 1: there is no such forward","reason":"not_found"})");
    BOOST_TEST(api.house.agrees());
}

BOOST_AUTO_TEST_CASE(both_protocols_are_two_forwards) {
    Api api;
    const std::string answer = api.add(
        R"({"proto":"both","outside":"8000-8001","inside":"192.168.1.20:80-81","lifetime":60,)"
        R"("remote":"11.0.9.1"})");
    BOOST_TEST(answer ==
               R"(201 [{"id":1,"proto":"tcp","outside":"11.0.0.1:8000-8001",)"
               R"("inside":"192.168.1.20:80-81","remote":"11.0.9.1","origin":"static",)"
               R"("owner":"control","description":null,"expires_in":60,"enabled":true},)"
               R"({"id":2,"proto":"udp","outside":"11.0.0.1:8000-8001",)"
               R"("inside":"192.168.1.20:80-81","remote":"11.0.9.1","origin":"static",)"
               R"("owner":"control","description":null,"expires_in":60,"enabled":true}])");
    api.house.pass(61s);
    BOOST_TEST(api.get("forwards") == "[]");
}

BOOST_AUTO_TEST_CASE(asking_again_renews_and_makes_nothing_new) {
    Api api;
    BOOST_TEST(api.add(kPhoneBody).starts_with("201 "));
    const std::string again =
        api.add(R"({"proto":"udp","outside":"5060","inside":"192.168.1.20:5060","lifetime":60})");
    BOOST_TEST(again.starts_with(R"(200 [{"id":1,)"));
    BOOST_TEST(again.find(R"("expires_in":60)") != std::string::npos);
    BOOST_TEST(api.house.engine->forwards().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_refused_with_the_name_of_its_holder) {
    Api api(with_forward());
    BOOST_TEST(api.add(R"({"proto":"tcp","outside":"8080","inside":"192.168.1.20:80"})") ==
               R"(409 {"error":"tcp 8080: the outside port is taken: 192.168.1.10:80 )"
               R"x((static \"web\")","reason":"port_taken"})x");
    // Own ones are not overwritten by mistake either.
    BOOST_TEST(api.add(kPhoneBody).starts_with("201 "));
    for (const char* target : {"192.168.1.21:5060", "192.168.1.20:5061"}) {
        BOOST_TEST(
            api.add(concat(R"({"proto":"udp","outside":"5060","inside":")", target, "\"}")) ==
            R"(409 {"error":"udp 5060: the outside port is taken: 192.168.1.20:5060 )"
            R"x((static \"phone\")","reason":"port_taken"})x");
    }
    BOOST_TEST(api.add(R"({"proto":"udp","outside":"5059-5060","inside":"192.168.1.20"})") ==
               R"(409 {"error":"udp 5059-5060: the outside port is taken: 192.168.1.20:5060 )"
               R"x((static \"phone\")","reason":"port_taken"})x");
}

BOOST_AUTO_TEST_CASE(both_protocols_are_made_or_none) {
    Api api;
    BOOST_TEST(api.add(kPhoneBody).starts_with("201 "));
    BOOST_TEST(api.add(R"({"proto":"both","outside":"5060","inside":"192.168.1.21:5060"})") ==
               R"(409 {"error":"udp 5060: the outside port is taken: 192.168.1.20:5060 )"
               R"x((static \"phone\")","reason":"port_taken"})x");
    BOOST_TEST(api.house.engine->forwards().size() == 1U);
    BOOST_TEST(!api.house.receive(at(kOutside, 5060), at(kServer, 1), Proto::tcp).has_value());
    BOOST_TEST(api.house.agrees());
}

BOOST_AUTO_TEST_CASE(what_the_kernel_does_not_take_is_not_claimed_to_be_there) {
    Api api;
    api.house.commit_fails = [] { return true; };
    BOOST_TEST(api.add(kPhoneBody) ==
               R"(500 {"error":"udp 5060: the kernel did not take it","reason":"commit_failed"})");
    BOOST_TEST(api.house.engine->forwards().empty());
}

BOOST_AUTO_TEST_CASE(a_bad_body_is_refused_with_its_field) {
    Api api;
    BOOST_TEST(api.add(R"({"proto":"udp","outside":"0","inside":"192.168.1.20"})") ==
               R"(400 {"error":"'outside' is '0': a port from 1 to 65535 or a range like )"
               R"(8000-8010 is meant","reason":"bad_request","field":"outside"})");
    BOOST_TEST(api.add("") == R"(400 {"error":"not JSON at byte 0: the text ends early",)"
                              R"("reason":"bad_request"})");
    BOOST_TEST(api.house.engine->forwards().empty());
}

BOOST_AUTO_TEST_CASE(the_configuration_file_is_not_overruled_by_a_command) {
    Api api(with_forward());
    BOOST_TEST(api.del("1") == R"(409 {"error":"forward 1: it is in the configuration file",)"
                               R"("reason":"not_owner"})");
    BOOST_TEST(api.house.engine->forwards().size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_client_asked_for_can_be_ended_by_the_owner_of_the_house) {
    Api api;
    const auto made = api.house.engine->request(
        api.house.forward_request(host(30, 3074), Port{3074}, nat::OwnerKind::pcp, "nonce"),
        api.house.now);
    BOOST_REQUIRE(made);
    BOOST_TEST(api.del(std::to_string(made->id)).starts_with("200 "));
    BOOST_TEST(api.house.engine->forwards().empty());
    BOOST_TEST(api.house.agrees());
}

BOOST_AUTO_TEST_CASE(who_may_not_write_changes_nothing) {
    Api api;
    BOOST_TEST(api.add(kPhoneBody).starts_with("201 "));
    for (const char* method : {"POST", "DELETE"}) {
        const std::string path = method[0] == 'P' ? "/api/v1/forwards" : "/api/v1/forwards/1";
        const control::Response answer = api.ask(method, path, kPhoneBody, false);
        BOOST_TEST(answer.status == 403U);
        BOOST_TEST(answer.body ==
                   R"({"error":"only root may change the gateway","hint":"try sudo gatehouse"})");
    }
    BOOST_TEST(api.ask("GET", "/api/v1/forwards", "", false).status == 200U);
    BOOST_TEST(api.house.engine->forwards().size() == 1U);
}

BOOST_AUTO_TEST_CASE(other_methods_are_refused_and_other_paths_are_not_ours) {
    Api api;
    for (const char* path : {"mappings", "sessions", "hosts"}) {
        BOOST_TEST(api.ask("POST", concat("/api/v1/", path)).status == 405U);
        BOOST_TEST(api.ask("DELETE", concat("/api/v1/", path)).status == 405U);
    }
    BOOST_TEST(api.ask("DELETE", "/api/v1/forwards").status == 405U);
    BOOST_TEST(api.ask("PUT", "/api/v1/forwards/1").status == 405U);
    for (const char* id : {"", "0", "9", "-1", "x", "1/2", "99999999999"})
        BOOST_TEST(api.ask("GET", concat("/api/v1/forwards/", id)).status == 404U);
    for (const char* path : {"/", "/api/v1/", "/api/v1/status", "/api/v1/forwardsx", "/mappings"})
        BOOST_TEST(api.ask("GET", path).body == "not ours");
}

BOOST_AUTO_TEST_SUITE_END()
