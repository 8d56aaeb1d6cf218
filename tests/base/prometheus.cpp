// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/prometheus.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace gatehouse;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(prometheus)

BOOST_AUTO_TEST_CASE(help_and_type_stand_once_before_the_samples) {
    std::string out;
    PrometheusWriter writer(out);
    writer.family("calls_total", MetricKind::counter, "Calls seen.");
    writer.sample("result", "ok", 3);
    writer.sample("result", "failed", 0);
    writer.family("hosts", MetricKind::gauge, "Hosts inside.");
    writer.sample(-2);
    BOOST_TEST(out ==
               "# HELP calls_total Calls seen.\n"
               "# TYPE calls_total counter\n"
               "calls_total{result=\"ok\"} 3\n"
               "calls_total{result=\"failed\"} 0\n"
               "# HELP hosts Hosts inside.\n"
               "# TYPE hosts gauge\n"
               "hosts -2\n");
}

BOOST_AUTO_TEST_CASE(help_is_one_line) {
    std::string out;
    PrometheusWriter(out).family("a", MetricKind::gauge, "one \\ two\nthree \"four\" \xff");
    BOOST_TEST(out ==
               "# HELP a one \\\\ two\\nthree \"four\" \xef\xbf\xbd\n"
               "# TYPE a gauge\n");
}

BOOST_AUTO_TEST_CASE(label_values_are_escaped) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", ""},
        {"plain {} , =", "plain {} , ="},
        {"\"", "\\\""},
        {"\\", "\\\\"},
        {"\n", "\\n"},
        {"\\n", "\\\\n"},
        {"\xc3\xbc", "\xc3\xbc"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\r\t", "\r\t"},
    };
    for (const auto& [raw, escaped] : cases) {
        std::string out;
        PrometheusWriter writer(out);
        writer.family("m", MetricKind::gauge, "M.");
        out.clear();
        writer.sample("l", raw, INT64_MAX);
        BOOST_TEST(out == "m{l=\"" + escaped + "\"} 9223372036854775807\n");
    }
}

BOOST_AUTO_TEST_CASE(names_follow_the_rules_of_the_format) {
    for (const char* good : {"a", "_", "a_b_total", "A9", ":x"}) {
        BOOST_TEST(is_metric_name(good), good);
    }
    for (const char* bad : {"", "9a", "a-b", "a b", "a.b", "\xc3\xbc"}) {
        BOOST_TEST(!is_metric_name(bad), bad);
    }
    BOOST_TEST(!is_metric_name("a:b", false));
}

BOOST_AUTO_TEST_SUITE_END()
