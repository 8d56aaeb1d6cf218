// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every word by which a room counts what it refused or dropped is in the table of metrics, so that
// it is shown from the start, at zero.
#include "gateway/base/metrics.h"

#include <boost/test/unit_test.hpp>
#include <set>

#include "alg/reason.h"
#include "dhcp/events.h"
#include "gateway/base/text.h"
#include "gateway/nat/mapping_service.h"
#include "gateway/nat/ruleset.h"
#include "upnp/authority.h"

using namespace gatehouse;

namespace {

std::set<std::string_view> values_of(Metric metric) {
    const auto words = split(row_of(metric).values, ' ');
    return {words.begin(), words.end()};
}

template <class Reason>
void check(Metric metric, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view word = to_string(static_cast<Reason>(i));
        BOOST_TEST(values_of(metric).contains(word), row_of(metric).name << ' ' << word);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(every_reason_of_every_room_is_shown_from_the_start) {
    check<nat::Refusal>(Metric::refused, static_cast<std::size_t>(nat::Refusal::count_));
    check<sip::Reason>(Metric::sip_messages, static_cast<std::size_t>(sip::Reason::count_));
    check<upnp::Denial>(Metric::port_requests_denied,
                        static_cast<std::size_t>(upnp::Denial::count_));
    check<dhcp::Drop>(Metric::dhcp_dropped, static_cast<std::size_t>(dhcp::Drop::count_));
}

BOOST_AUTO_TEST_CASE(every_comment_of_a_rule_that_drops_is_a_reason) {
    std::set<std::string_view> found;
    for (const bool firewall : {true, false}) {
        nat::RulesetInput input;
        input.wan = "wan0";
        input.lan = {"lan0"};
        input.firewall = firewall;
        input.host_sessions = 100;
        const std::string text = nat::write_ruleset(input);
        for (const std::string_view line : split(text, '\n')) {
            if (line.find(" counter ") == line.npos) continue;
            const std::size_t at = line.find(" comment \"");
            BOOST_TEST_REQUIRE(at != line.npos, line);
            const std::string_view word = split(line.substr(at), '"')[1];
            BOOST_TEST(values_of(Metric::packets_dropped).contains(word), line);
            found.insert(*values_of(Metric::packets_dropped).find(word));
        }
    }
    BOOST_TEST(found.size() == values_of(Metric::packets_dropped).size());
}

BOOST_AUTO_TEST_SUITE_END()
