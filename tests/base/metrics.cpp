// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/metrics.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "gateway/base/text.h"

using namespace gatehouse;

namespace {

std::string shown(const Metrics& metrics) {
    std::string out;
    metrics.write_prometheus(out);
    return out;
}

bool has_line(const std::string& text, std::string_view wanted) {
    for (const std::string_view line : split(text, '\n')) {
        if (line == wanted) return true;
    }
    return false;
}

std::size_t count_lines(const std::string& text, std::string_view start) {
    std::size_t count = 0;
    for (const std::string_view line : split(text, '\n'))
        count += line.starts_with(start);
    return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(every_metric_is_shown_once_from_the_start) {
    const std::string text = shown(Metrics());
    for (const MetricRow& row : kMetrics) {
        BOOST_TEST(count_lines(text, concat("# HELP ", row.name, ' ')) == 1U, row.name);
        BOOST_TEST(count_lines(text, concat("# TYPE ", row.name, ' ')) == 1U, row.name);
        BOOST_TEST((&row_of(row.id) == &row), row.name);
    }
    BOOST_TEST(text.ends_with('\n'));
}

BOOST_AUTO_TEST_CASE(counters_start_at_zero_so_that_a_first_event_is_a_rise) {
    const std::string text = shown(Metrics());
    BOOST_TEST(has_line(text, "gatehouse_ruleset_repairs_total 0"));
    BOOST_TEST(has_line(text, "gatehouse_config_reloads_total{result=\"ok\"} 0"));
    BOOST_TEST(has_line(text, "gatehouse_config_reloads_total{result=\"failed\"} 0"));
    BOOST_TEST(count_lines(text, "gatehouse_build_info{") == 0U);
}

BOOST_AUTO_TEST_CASE(counters_grow_and_gauges_move) {
    Metrics metrics;
    metrics.add(Metric::link_changes);
    metrics.add(Metric::link_changes, 4);
    metrics.add(Metric::log_lines_suppressed, 0);
    metrics.set(Metric::uptime_seconds, 10);
    metrics.set(Metric::uptime_seconds, 7);
    metrics.add(Metric::uptime_seconds, -1);
    BOOST_TEST(metrics.value(Metric::link_changes) == 5);
    BOOST_TEST(metrics.value(Metric::log_lines_suppressed) == 0);
    BOOST_TEST(metrics.value(Metric::uptime_seconds) == 6);
    BOOST_TEST(has_line(shown(metrics), "gatehouse_link_changes_total 5"));
    BOOST_TEST(has_line(shown(metrics), "gatehouse_uptime_seconds 6"));
}

BOOST_AUTO_TEST_CASE(label_values_are_counted_apart) {
    Metrics metrics;
    metrics.add(Metric::ruleset_applies, "ok", 3);
    metrics.add(Metric::ruleset_applies, "failed");
    metrics.set(Metric::build_info, "0.1.0", 1);
    BOOST_TEST(metrics.value(Metric::ruleset_applies, "ok") == 3);
    BOOST_TEST(metrics.value(Metric::ruleset_applies, "failed") == 1);
    BOOST_TEST(metrics.value(Metric::ruleset_applies, "unheard of") == 0);
    BOOST_TEST(metrics.value(Metric::config_reloads, "ok") == 0);
    const std::string text = shown(metrics);
    BOOST_TEST(has_line(text, "gatehouse_ruleset_applies_total{result=\"ok\"} 3"));
    BOOST_TEST(has_line(text, "gatehouse_build_info{version=\"0.1.0\"} 1"));
}

BOOST_AUTO_TEST_CASE(what_is_kept_in_parts_is_shown_in_whole_units) {
    Metrics metrics;
    metrics.set(Metric::loop_longest_turn, "passed", 1'234'567);
    metrics.set(Metric::loop_longest_turn, "computed", 89);
    const std::string text = shown(metrics);
    BOOST_TEST(has_line(text, "gatehouse_loop_longest_turn_seconds{clock=\"passed\"} 1.234567"));
    BOOST_TEST(has_line(text, "gatehouse_loop_longest_turn_seconds{clock=\"computed\"} 0.000089"));
}

BOOST_AUTO_TEST_CASE(label_values_without_end_are_counted_together) {
    Metrics metrics;
    static constexpr std::size_t kMany = 3 * Metrics::kMostLabelValues;
    for (std::size_t i = 0; i < kMany; ++i) {
        metrics.add(Metric::config_reloads, concat("reason ", i));
    }
    metrics.add(Metric::config_reloads, "ok");
    const std::string text = shown(metrics);
    BOOST_TEST(count_lines(text, "gatehouse_config_reloads_total{") == Metrics::kMostLabelValues);
    // "ok" and "failed" have their places, and one is kept for "other".
    static constexpr std::size_t kApart = Metrics::kMostLabelValues - 3;
    BOOST_TEST(metrics.value(Metric::config_reloads, concat("reason ", kApart - 1)) == 1);
    BOOST_TEST(metrics.value(Metric::config_reloads, concat("reason ", kApart)) == 0);
    BOOST_TEST(metrics.value(Metric::config_reloads, "other") ==
               static_cast<std::int64_t>(kMany - kApart));
    BOOST_TEST(metrics.value(Metric::config_reloads, "ok") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
