// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/probe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/stun/simulated_nat.h"
#include "tests/stun/support.h"

using namespace gatehouse;
using namespace gatehouse::stun;

namespace {

constexpr auto kEi = Behaviour::endpoint_independent;
constexpr auto kAd = Behaviour::address_dependent;
constexpr auto kApd = Behaviour::address_and_port_dependent;

struct Pair {
    Behaviour mapping;
    Behaviour filtering;
    NatType type;
};

std::ostream& operator<<(std::ostream& out, const Pair& pair) {
    return out << to_string(pair.mapping) << " mapping, " << to_string(pair.filtering)
               << " filtering";
}

const Pair kPairs[] = {
    {kEi, kEi, NatType::full_cone},
    {kEi, kAd, NatType::restricted_cone},
    {kEi, kApd, NatType::port_restricted_cone},
    {kAd, kEi, NatType::full_cone},
    {kAd, kAd, NatType::symmetric},
    {kAd, kApd, NatType::symmetric},
    {kApd, kEi, NatType::full_cone},
    {kApd, kAd, NatType::symmetric},
    {kApd, kApd, NatType::symmetric},
};

Simulation behind(const NatModel& model) {
    Simulation out;
    out.model = model;
    out.server = two_addresses();
    return out;
}

NatModel nat(Behaviour mapping, Behaviour filtering) {
    NatModel out;
    out.mapping = mapping;
    out.filtering = filtering;
    return out;
}

void check(const Report& report, const Pair& pair) {
    BOOST_TEST(to_string(report.mapping) == to_string(pair.mapping));
    BOOST_TEST(to_string(report.filtering) == to_string(pair.filtering));
    BOOST_TEST(to_string(report.nat_type) == to_string(pair.type));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe)

BOOST_DATA_TEST_CASE(each_of_the_nine_behaviours_is_recognised,
                     boost::unit_test::data::make(kPairs)) {
    Simulation simulation = behind(nat(sample.mapping, sample.filtering));
    const Report report = simulation.run();
    check(report, sample);
    BOOST_TEST(to_string(report.tcp_mapping) == to_string(sample.mapping));
    BOOST_TEST(report.fragments.value());
    BOOST_TEST(!report.preserves_port.value());
    BOOST_TEST(report.inside->to_string().starts_with("192.168.1.10:"));
    BOOST_TEST(report.outside->to_string().starts_with("11.0.0.1:"));
    BOOST_TEST(simulation.sockets_left_open == 0U);
    BOOST_TEST(simulation.sent < 60U);
    BOOST_TEST((simulation.took < 3 * Patience{}.total()));
}

BOOST_DATA_TEST_CASE(a_gateway_that_permits_by_host_is_not_spoiled_by_the_other_tests,
                     boost::unit_test::data::make(kPairs)) {
    NatModel model = nat(sample.mapping, sample.filtering);
    model.permits_by_host = true;
    check(behind(model).run(), sample);
}

BOOST_AUTO_TEST_CASE(a_plain_masquerade_is_not_called_symmetric_because_of_strangers) {
    NatModel model;
    model.sessions = true;
    const Report report = behind(model).run();
    check(report, {kEi, kApd, NatType::port_restricted_cone});
    BOOST_TEST(report.preserves_port.value());
}

BOOST_AUTO_TEST_CASE(no_nat_and_no_firewall_is_the_open_internet) {
    NatModel model = nat(kEi, kEi);
    model.translates = false;
    const Report report = behind(model).run();
    check(report, {kEi, kEi, NatType::open_internet});
    BOOST_TEST((report.inside == report.outside));
    BOOST_TEST(!report.hairpin.has_value());
    BOOST_TEST(to_string(report.tcp_mapping) == "endpoint-independent");
}

BOOST_AUTO_TEST_CASE(no_nat_behind_a_firewall_is_a_symmetric_udp_firewall) {
    for (const Behaviour filtering : {kAd, kApd}) {
        NatModel model = nat(kEi, filtering);
        model.translates = false;
        check(behind(model).run(), {kEi, filtering, NatType::symmetric_udp_firewall});
    }
}

BOOST_AUTO_TEST_CASE(blocked_udp_is_said_and_tcp_is_still_examined) {
    NatModel model = nat(kApd, kApd);
    model.udp_blocked = true;
    const Report report = behind(model).run();
    check(report, {Behaviour::unknown, Behaviour::unknown, NatType::udp_blocked});
    BOOST_TEST(to_string(report.tcp_mapping) == "address-and-port-dependent");
    BOOST_TEST(report.reached_over_tcp);
    BOOST_TEST(report.outside.has_value());
    BOOST_TEST(!report.preserves_port.has_value());
    BOOST_TEST(!report.fragments.has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_ends_the_probe_in_time) {
    NatModel model;
    model.udp_blocked = true;
    model.tcp_blocked = true;
    Simulation simulation = behind(model);
    const Report report = simulation.run();
    BOOST_TEST(to_string(report.nat_type) == "udp blocked");
    BOOST_TEST(!report.reached_over_udp);
    BOOST_TEST(!report.reached_over_tcp);
    BOOST_TEST((simulation.took <= Patience{}.total()));
    BOOST_TEST(simulation.sent == 5U);
}

BOOST_AUTO_TEST_CASE(a_server_with_one_address_leaves_the_type_unknown) {
    Simulation simulation = behind(nat(kEi, kEi));
    simulation.server.alternate_address.reset();
    const Report report = simulation.run();
    check(report, {Behaviour::unknown, Behaviour::unknown, NatType::unknown});
    BOOST_TEST(report.outside.has_value());
    BOOST_TEST(report.hairpin.value());
}

BOOST_AUTO_TEST_CASE(a_server_that_ignores_change_request_does_not_look_like_a_full_cone) {
    Simulation simulation = behind(nat(kEi, kApd));
    simulation.server_ignores_changes = true;
    const Report report = simulation.run();
    check(report, {kEi, Behaviour::unknown, NatType::unknown});
}

BOOST_AUTO_TEST_CASE(hairpin_fragments_and_port_preservation_are_told) {
    for (const bool yes : {false, true}) {
        NatModel model = nat(kEi, kApd);
        model.hairpin = yes;
        model.fragments = yes;
        model.preserves_port = yes;
        const Report report = behind(model).run();
        BOOST_TEST(report.hairpin.value() == yes);
        BOOST_TEST(report.fragments.value() == yes);
        BOOST_TEST(report.preserves_port.value() == yes);
    }
}

BOOST_AUTO_TEST_CASE(the_lifetime_of_a_mapping_is_found) {
    for (const int seconds : {4, 30, 47, 60, 120, 180, 300}) {
        NatModel model = nat(kEi, kAd);
        model.lifetime = std::chrono::seconds(seconds);
        Simulation simulation = behind(model);
        simulation.lifetime = true;
        const Report report = simulation.run();
        BOOST_REQUIRE(report.lifetime.has_value());
        BOOST_REQUIRE(report.lifetime->dead_after.has_value());
        BOOST_TEST_CONTEXT(seconds << " seconds") {
            BOOST_TEST((report.lifetime->alive_for <= model.lifetime));
            BOOST_TEST((*report.lifetime->dead_after >= model.lifetime - 1s));
            BOOST_TEST((*report.lifetime->dead_after - report.lifetime->alive_for <=
                        std::max<Duration>(1s, model.lifetime / 16)));
            BOOST_TEST((simulation.took < 4 * model.lifetime + 60s));
        }
        BOOST_TEST(simulation.sockets_left_open == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_mapping_that_outlives_the_search_is_said_to_live_at_least_so_long) {
    NatModel model = nat(kEi, kAd);
    model.lifetime = 7200s;
    Simulation simulation = behind(model);
    simulation.lifetime = true;
    const Report report = simulation.run();
    BOOST_REQUIRE(report.lifetime.has_value());
    BOOST_TEST((report.lifetime->alive_for == ProbeConfig{}.longest_lifetime));
    BOOST_TEST(!report.lifetime->dead_after.has_value());
}

BOOST_DATA_TEST_CASE(lost_packets_do_not_change_the_verdict, boost::unit_test::data::make(kPairs)) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        NatModel model = nat(sample.mapping, sample.filtering);
        model.loss = 0.15;
        Simulation simulation = behind(model);
        simulation.seed = seed;
        simulation.patience.tries = 9;
        BOOST_TEST_CONTEXT("seed " << seed) {
            check(simulation.run(), sample);
        }
    }
}

// What is lost altogether may leave a question open or make a filter look narrower, but nothing
// makes a NAT look more open than it is.
BOOST_AUTO_TEST_CASE(heavy_loss_never_makes_a_nat_look_more_open) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        NatModel model = nat(kEi, kAd);
        model.loss = 0.6;
        Simulation simulation = behind(model);
        simulation.seed = seed;
        const Report report = simulation.run();
        BOOST_TEST_CONTEXT("seed " << seed) {
            BOOST_TEST((report.filtering != kEi));
            BOOST_TEST((report.mapping == kEi || report.mapping == Behaviour::unknown));
            BOOST_TEST((report.nat_type != NatType::full_cone));
            BOOST_TEST((report.nat_type != NatType::symmetric));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(the_json_of_a_full_report_has_every_field) {
    Report report;
    report.server = endpoint("11.0.0.2:3478");
    report.reached_over_udp = true;
    report.alternate_known = true;
    report.inside = endpoint("192.168.1.10:40000");
    report.outside = endpoint("11.0.0.1:40000");
    report.mapping = kEi;
    report.filtering = kAd;
    report.tcp_mapping = kApd;
    report.preserves_port = true;
    report.hairpin = false;
    report.fragments = true;
    report.lifetime = Lifetime{295s, 310s};
    report.nat_type = nat_type_of(report);
    BOOST_TEST(to_json(report) ==
               "{\"nat_type\":\"restricted-cone\",\"mapping\":\"endpoint-independent\","
               "\"filtering\":\"address-dependent\","
               "\"tcp_mapping\":\"address-and-port-dependent\",\"tcp_filtering\":\"unknown\","
               "\"outside\":\"11.0.0.1:40000\",\"inside\":\"192.168.1.10:40000\","
               "\"preserves_port\":true,\"hairpin\":false,\"fragments\":true,"
               "\"lifetime_seconds\":295,\"server\":\"11.0.0.2:3478\",\"reach\":\"public\"}");
    const std::string words = to_words(report);
    BOOST_TEST(words.find("NAT type:       restricted-cone\n") == 0U);
    BOOST_TEST(words.find("lifetime:       between 295 and 310 seconds\n") != std::string::npos);
    BOOST_TEST(words.find("outside:        11.0.0.1:40000 (public)\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_json_of_an_empty_report_says_unknown_and_null) {
    Report report;
    report.server = endpoint("[2001:db8::2]:3478");
    report.nat_type = nat_type_of(report);
    BOOST_TEST(to_json(report) ==
               "{\"nat_type\":\"udp blocked\",\"mapping\":\"unknown\",\"filtering\":\"unknown\","
               "\"tcp_mapping\":\"unknown\",\"tcp_filtering\":\"unknown\",\"outside\":null,"
               "\"inside\":null,\"preserves_port\":null,\"hairpin\":null,\"fragments\":null,"
               "\"lifetime_seconds\":null,\"server\":\"[2001:db8::2]:3478\",\"reach\":\"none\"}");
}

BOOST_AUTO_TEST_SUITE_END()
