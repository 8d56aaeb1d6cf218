// SPDX-License-Identifier: GPL-2.0-or-later
//
// /metrics of a router at work: whole, in the format that Prometheus reads, and true.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "gateway/base/metrics.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

std::string fetch(const Router& router) {
    const Ran ran =
        router.run({"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/metrics"});
    BOOST_TEST(ran.ok());
    return ran.out;
}

std::optional<long> value(const std::string& text, const std::string& sample) {
    const std::size_t at = ("\n" + text).find("\n" + sample + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stol(text.substr(at + sample.size() + 1));
}

// What is wrong with the text by the format 0.0.4, and what `promtool check metrics` would say
// against its names.
std::vector<std::string> problems(const std::string& text) {
    static const std::regex kHelp("# HELP ([a-z_]+) (\\S.*)");
    static const std::regex kType("# TYPE ([a-z_]+) (counter|gauge)");
    static const std::regex kSample(
        "([a-z_]+)(\\{[a-z_]+=\"([^\"\\\\]|\\\\[\\\\n\"])*\"\\})? -?\\d+(\\.\\d+)?");
    std::vector<std::string> out;
    std::set<std::string> families, samples;
    std::string family, type;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (std::regex_match(line, match, kHelp)) {
            family = match[1];
            type.clear();
            if (!families.insert(family).second) out.push_back("twice: " + line);
        } else if (std::regex_match(line, match, kType)) {
            type = match[2];
            const bool total = family.ends_with("_total");
            if (match[1] != family) out.push_back("no HELP before: " + line);
            if (total != (type == "counter")) out.push_back("only counters are totals: " + line);
            if (std::regex_search(family, std::regex("_(counter|gauge|count|sum|bucket|ms|kb)$"))) {
                out.push_back("a name that promtool refuses: " + line);
            }
        } else if (std::regex_match(line, match, kSample)) {
            const std::string sample = line.substr(0, line.rfind(' '));
            if (match[1] != family || type.empty()) out.push_back("of no family: " + line);
            if (!samples.insert(sample).second) out.push_back("twice: " + line);
            if (type == "counter" && line.find(" -") != line.npos)
                out.push_back("shrinks: " + line);
        } else {
            out.push_back("not understood: " + line);
        }
    }
    if (!text.ends_with('\n')) out.emplace_back("the last line has no end");
    for (const MetricRow& row : kMetrics) {
        if (!families.contains(std::string(row.name))) out.push_back(concat("no ", row.name));
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(the_text_is_what_prometheus_reads) {
    House house;
    const Router router(house, section("dhcp 'lan'", {{"interface", "br-lan"}}));
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.2:7001"), house.phone.udp("0.0.0.0:5555")) ==
               "11.0.0.1:5555");
    for (const std::string& problem : problems(fetch(router)))
        BOOST_ERROR(problem);
}

BOOST_AUTO_TEST_CASE(a_packet_that_the_rules_drop_is_counted_with_its_reason) {
    House house;
    Router router(house);
    const std::string refused = "gatehouse_packets_dropped_total{reason=\"refused\"}";
    const UdpSocket friendly = house.internet.udp("11.0.0.2:7001");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:5555");
    BOOST_TEST(seen_by(friendly, phone) == "11.0.0.1:5555");
    BOOST_TEST(value(fetch(router), refused).value_or(-1) == 0);
    BOOST_TEST(heard_by(phone, stranger, "11.0.0.1:5555", 200ms) == kNobody);
    const long once = value(fetch(router), refused).value_or(-1);
    BOOST_TEST(once >= 1);
    // Rules that are loaded again begin at zero; the metric goes on.
    router.configure(nat_type("port-restricted-cone"));
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(value(fetch(router), refused).value_or(-1) == once);
    // To a port that nobody has, where the router has no service.
    stranger.send_to("11.0.0.1:9999", "hello");
    BOOST_TEST(eventually(
        [&] {
            const std::string text = fetch(router);
            const auto count = value(text, "gatehouse_packets_dropped_total{reason=\"to_router\"}");
            return Verdict(count.value_or(0) >= 1);
        },
        5s));
}

BOOST_AUTO_TEST_SUITE_END()
