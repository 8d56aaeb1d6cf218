// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `gatehouse why` says of a flow, and what a packet of that flow then really does.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

// One direction of an answer.
struct Way {
    bool passes = false;
    std::string endpoint;  // "null" for none
    std::string rule;
};

std::string between(const std::string& text, std::string_view before, std::string_view after) {
    const std::size_t begin = text.find(before);
    if (begin == std::string::npos) return {};
    const std::size_t from = begin + before.size();
    return text.substr(from, text.find(after, from) - from);
}

struct Said {
    Way out, in;
    std::string whole;
};

Way way_in(const std::string& json, const std::string& name) {
    const std::string way = between(json, concat('"', name, "\":{"), "}");
    std::string endpoint = between(way, "\"endpoint\":", ",");
    std::erase(endpoint, '"');
    return {between(way, "\"passes\":", ",") == "true", endpoint,
            between(way, "\"rule\":\"", "\"")};
}

Said why(const Router& router, const std::string& proto, const std::string& inside,
         const std::string& remote) {
    const Ran ran = router.cli({"why", proto, inside, remote, "--json"});
    BOOST_TEST_REQUIRE(ran.ok(), ran.err);
    return {way_in(ran.out, "out"), way_in(ran.out, "in"), ran.out};
}

constexpr const char* kPhone = "192.168.1.20:6000";

// The internet's socket asks at the endpoint that was told; whether it is heard is what was told.
void check_in(const Router& router, const UdpSocket& phone, const UdpSocket& remote,
              const std::string& name, const std::string& outside, std::string_view rule) {
    const Said said = why(router, "udp", kPhone, name);
    BOOST_TEST_CONTEXT(said.whole) {
        BOOST_TEST(said.in.rule == rule);
        const std::string endpoint = said.in.endpoint == "null" ? outside : said.in.endpoint;
        const std::string heard =
            heard_by(phone, remote, endpoint, said.in.passes ? Duration(2s) : kSilence);
        BOOST_TEST(heard == (said.in.passes ? name : kNobody));
    }
}

void check_out(const Router& router, const UdpSocket& phone, const UdpSocket& remote,
               const std::string& name) {
    const Said said = why(router, "udp", kPhone, name);
    BOOST_TEST_CONTEXT(said.whole) {
        BOOST_TEST(said.out.passes);
        BOOST_TEST(said.out.endpoint == seen_by(remote, phone));
    }
}

struct Type {
    std::string_view name;
    std::string_view other_port, other_address;  // the rule for who was not written to
};

std::ostream& operator<<(std::ostream& out, const Type& type) {
    return out << type.name;
}

const Type kTypes[] = {{"full-cone", "open", "open"},
                       {"restricted-cone", "permit", "filter"},
                       {"port-restricted-cone", "filter_port", "filter_port"},
                       {"symmetric", "unmapped", "unmapped"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(explanations)

BOOST_DATA_TEST_CASE(a_packet_does_what_was_said_with_every_nat_type,
                     boost::unit_test::data::make(kTypes)) {
    House house;
    const Router router(house, nat_type(sample.name));
    const UdpSocket a = house.internet.udp("11.0.0.2:7003");
    const UdpSocket a2 = house.internet.udp("11.0.0.2:7004");
    const UdpSocket b = house.internet.udp("11.0.0.3:7003");
    const UdpSocket phone = house.phone.udp("192.168.1.20:6000");
    BOOST_TEST(why(router, "udp", kPhone, "11.0.0.2:7003").out.rule == "new_mapping");
    BOOST_TEST(why(router, "udp", kPhone, "11.0.0.2:7003").in.rule == "unmapped");
    check_out(router, phone, a, "11.0.0.2:7003");
    const std::string outside = seen_by(a, phone);
    check_in(router, phone, a, "11.0.0.2:7003", outside, "session");
    check_in(router, phone, a2, "11.0.0.2:7004", outside, sample.other_port);
    check_in(router, phone, b, "11.0.0.3:7003", outside, sample.other_address);
    check_out(router, phone, b, "11.0.0.3:7003");
    check_in(router, phone, b, "11.0.0.3:7003", outside, "session");
}

BOOST_AUTO_TEST_CASE(a_forward_is_named_and_lets_in) {
    House house;
    const Router router(house, nat_type("port-restricted-cone"));
    const UdpSocket a = house.internet.udp("11.0.0.2:7003");
    const UdpSocket phone = house.phone.udp("192.168.1.20:6000");
    BOOST_REQUIRE(router
                      .cli({"forward", "add", "--proto", "udp", "--outside", "9000", "--inside",
                            "192.168.1.20:6000", "--name", "game"})
                      .ok());
    check_in(router, phone, a, "11.0.0.2:7003", {}, "forward");
    const Said said = why(router, "udp", kPhone, "11.0.0.3:7003");
    BOOST_TEST(said.in.endpoint == "11.0.0.1:9000");
    BOOST_TEST(between(said.whole, "\"forward\":", ",") == "1");
    // By what it is called outside, from another device of the house.
    const UdpSocket pc = house.pc.udp("192.168.1.10:6000");
    const Said hairpin = why(router, "udp", "192.168.1.10:6000", "11.0.0.1:9000");
    BOOST_TEST(hairpin.out.endpoint == kPhone);
    BOOST_TEST(heard_by(phone, pc, "11.0.0.1:9000") == "11.0.0.1:6000");
}

BOOST_AUTO_TEST_CASE(the_table_is_for_people) {
    House house;
    const Router router(house);
    const UdpSocket a = house.internet.udp("11.0.0.2:7003");
    const UdpSocket phone = house.phone.udp("192.168.1.20:6000");
    BOOST_REQUIRE(seen_by(a, phone) == "11.0.0.1:6000");
    const Ran ran = router.cli({"why", "udp", kPhone, "11.0.0.3:7003"});
    BOOST_TEST(ran.out.find("\nin          is dropped at 11.0.0.1:6000: the host has not written "
                            "to this address lately (filter)\n") != std::string::npos,
               ran.out);
    BOOST_TEST(ran.out.find("\nout         passes at 11.0.0.1:6000: ") != std::string::npos,
               ran.out);
}

BOOST_AUTO_TEST_CASE(a_wrong_question_is_told_what_is_wrong_with_it) {
    House house;
    const Router router(house);
    struct Case {
        Command words;
        std::string_view said;
    };
    const Case cases[] = {
        {{"why"}, "say gatehouse why PROTO INSIDE REMOTE"},
        {{"why", "udp", "192.168.1.20:1"}, "say gatehouse why PROTO INSIDE REMOTE"},
        {{"why", "udp", "192.168.1.20:1", "11.0.0.2:2", "3"}, "'3' is not understood"},
        {{"why", "sctp", "192.168.1.20:1", "11.0.0.2:2"}, "proto must be one of tcp, udp, icmp"},
        {{"why", "udp", "192.168.1.20", "11.0.0.2:2"}, "inside is '192.168.1.20': must be"},
        {{"why", "udp", "192.168.1.20:1", "a&b=%\n"}, "remote is 'a&b=%\\x0a': must be"},
        {{"why", "udp", "11.0.0.2:2", "192.168.1.20:1"},
         "11.0.0.2 is no device of the house, which comes first"},
        {{"why", "udp", "192.168.1.1:1", "11.0.0.2:2"}, "192.168.1.1 is no device of the house"},
        {{"why", "udp", "192.168.1.20:1", "[2001:db8::1]:2"}, "one is an address of IPv4"},
    };
    for (const Case& one : cases) {
        const Ran ran = router.cli(one.words);
        BOOST_TEST_CONTEXT(one.said) {
            BOOST_TEST(ran.ended.code == 2);
            BOOST_TEST(ran.err.find(one.said) != std::string::npos, ran.err);
        }
    }
    BOOST_TEST(router.cli({"why", "icmp", "192.168.1.20", "11.0.0.2"}).ok());
}

BOOST_AUTO_TEST_SUITE_END()
