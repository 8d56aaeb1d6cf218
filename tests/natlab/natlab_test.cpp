// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the table asserts, and how the judges' words are read.
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/natlab/table.h"

using namespace gatehouse;
using namespace gatehouse::natlab;

namespace {

void check(const Row& row) {
    for (const auto& [judge, judgement] : row.judgements) {
        const Finding wanted = as_seen_by(judge, row.scene.expected);
        BOOST_CHECK_MESSAGE(judgement.right, row.scene.name << ": " << to_string(judge) << " found "
                                                            << short_form(judgement.found)
                                                            << ", not " << short_form(wanted));
    }
    if (row.scene.by == By::nothing) return;
    BOOST_REQUIRE_MESSAGE(row.overloads.has_value(), row.scene.name << ": packets got lost");
    BOOST_CHECK_MESSAGE(*row.overloads == row.scene.overloads,
                        row.scene.name << ": two hosts on one source port "
                                       << (*row.overloads ? "share" : "do not share")
                                       << " an outside port");
}

void check_all(const std::vector<Row>& rows) {
    std::cout << to_table(rows) << std::flush;
    for (const Row& row : rows)
        check(row);
}

std::string read(Judge judge, std::string_view printed) {
    return short_form(read_judgement(judge, printed));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reading)

BOOST_AUTO_TEST_CASE(the_probe_is_read_from_its_json) {
    BOOST_TEST(read(Judge::probe, R"({"nat_type":"full-cone","mapping":"endpoint-independent",)"
                                  R"("filtering":"endpoint-independent","outside":"11.0.0.1:5",)"
                                  R"("inside":"192.168.1.2:5","hairpin":true})"
                                  "\n") == "EI / EI / yes");
    const Finding tcp = read_judgement(Judge::probe, R"({"tcp_mapping":"address-dependent"})");
    BOOST_TEST((tcp.tcp_mapping == Kind::address_dependent));
    BOOST_TEST(read(Judge::probe, "probe: no answer\n{\"mapping\":\"unknown\",\"hairpin\":null}") ==
               "? / ? / ?");
    BOOST_TEST(read(Judge::probe, R"({"outside":"11.0.0.9:5","inside":"11.0.0.9:5"})") == "no NAT");
    BOOST_TEST(read(Judge::probe, "") == "? / ? / ?");
}

BOOST_AUTO_TEST_CASE(the_words_of_stun_are_read) {
    BOOST_TEST(read(Judge::stun,
                    "Primary: Independent Mapping, Address Dependent Filter, preserves "
                    "ports, will hairpin\n") == "EI / AD / yes");
    BOOST_TEST(read(Judge::stun,
                    "Primary: Independent Mapping, Independent Filter, random port, no "
                    "hairpin\n") == "EI / EI / no");
    BOOST_TEST(
        read(Judge::stun, "Primary: Independent Mapping, Port Dependent Filter, no hairpin") ==
        "EI / APD / no");
    BOOST_TEST(read(Judge::stun, "Primary: Dependent Mapping, will hairpin\n") == "dep / ? / yes");
    BOOST_TEST(read(Judge::stun, "Primary: Open\n") == "no NAT");
    BOOST_TEST(read(Judge::stun, "Primary: Blocked or could not reach STUN server\n") ==
               "? / ? / ?");
}

BOOST_AUTO_TEST_CASE(the_words_of_natdiscovery_are_read) {
    BOOST_TEST(read(Judge::natdiscovery,
                    "NAT with Endpoint Independent Mapping!\n"
                    "NAT with Address Dependent Filtering!\n"
                    "-= Hairpinning Behavior Discovery =-\n"
                    "0: : IPv4. UDP reflexive addr: 11.0.0.1:5\n"
                    "Received a request (maybe a successful hairpinning)\n") == "EI / AD / yes");
    BOOST_TEST(read(Judge::natdiscovery,
                    "NAT with Address and Port Dependent Mapping!\n"
                    "NAT with Address and Port Dependent Filtering!\n"
                    "-= Hairpinning Behavior Discovery =-\n"
                    "0: : IPv4. UDP reflexive addr: 11.0.0.1:5\n") == "APD / APD / no");
    BOOST_TEST(read(Judge::natdiscovery,
                    "NAT with Address Dependent Mapping!\n"
                    "-= Hairpinning Behavior Discovery =-\n") == "AD / ? / ?");
}

BOOST_AUTO_TEST_CASE(a_wrong_row_of_gatehouse_makes_the_whole_wrong_and_says_why) {
    Row row;
    row.scene = named_scenes().front();
    for (const Judge judge : kJudges) {
        row.judgements[judge] = {as_seen_by(judge, row.scene.expected), true, "said something"};
    }
    row.overloads = false;
    BOOST_TEST(gatehouse_is_right({row}));
    BOOST_TEST(to_table({row}).find("OK") != std::string::npos);
    row.overloads = true;
    BOOST_TEST(!gatehouse_is_right({row}));
    row.overloads = false;
    row.judgements[Judge::stun].right = false;
    BOOST_TEST(!gatehouse_is_right({row}));
    BOOST_TEST(to_table({row}).find("said something") != std::string::npos);
    BOOST_TEST(to_table({row}).find("WRONG") != std::string::npos);
    row.scene.by = By::kernel;
    BOOST_TEST(gatehouse_is_right({row}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(judged)

BOOST_AUTO_TEST_CASE(every_combination_is_what_it_says_by_every_judge) {
    check_all(judge_all(all_scenes(), usual_servers()));
}

BOOST_AUTO_TEST_CASE(it_does_not_matter_whose_stun_server_is_asked) {
    check_all(judge_all(named_scenes(), {{Judge::probe, Server::coturn},
                                         {Judge::stun, Server::gatehouse},
                                         {Judge::natdiscovery, Server::gatehouse}}));
}

BOOST_AUTO_TEST_SUITE_END()
