// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/values.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

using namespace gatehouse;
using namespace gatehouse::config;

// Whole seconds; -1 for what is not a duration.
std::int64_t seconds(std::string_view text) {
    const auto duration = parse_duration(text);
    return duration ? whole_seconds(*duration) : -1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_booleans_of_uci_are_known_and_no_others) {
    for (const char* yes : {"1", "on", "true", "yes", "enabled"}) {
        BOOST_TEST((parse_boolean(yes) == true), yes);
    }
    for (const char* no : {"0", "off", "false", "no", "disabled"}) {
        BOOST_TEST((parse_boolean(no) == false), no);
    }
    for (const char* other : {"", "2", "ON", "y", " 1", "00"}) {
        BOOST_TEST(!parse_boolean(other).has_value(), other);
    }
}

BOOST_AUTO_TEST_CASE(durations_are_seconds_or_have_a_unit) {
    BOOST_TEST(seconds("300") == 300);
    BOOST_TEST(seconds("90s") == 90);
    BOOST_TEST(seconds("30m") == 1800);
    BOOST_TEST(seconds("12h") == 43200);
    BOOST_TEST(seconds("7d") == 604800);
    BOOST_TEST(seconds("2w") == 1209600);
    BOOST_TEST(seconds("0") == 0);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_duration_is_refused) {
    for (const char* text : {"", "h", "-1", "+1", "1.5h", "1 h", "1H", "12hh", "1h30m", "0x10",
                             "367d", "31622401", "4294967295d", "99999999999999999999"}) {
        BOOST_TEST(seconds(text) == -1, text);
    }
}

BOOST_AUTO_TEST_CASE(durations_are_written_in_the_largest_unit_that_fits) {
    BOOST_TEST(duration_text(90s) == "90s");
    BOOST_TEST(duration_text(120s) == "2m");
    BOOST_TEST(duration_text(7440s) == "124m");
    BOOST_TEST(duration_text(12h) == "12h");
    BOOST_TEST(duration_text(0s) == "0s");
    BOOST_TEST(duration_text(Duration::max()) == "infinite");
}

BOOST_AUTO_TEST_CASE(interfaces_are_names_that_need_no_quotes) {
    for (const char* good :
         {"eth0", "br-lan", "eth0.2", "pppoe-wan", "wlan0@x", "fifteen-letters"}) {
        BOOST_TEST(is_interface(good), good);
    }
    for (const char* bad : {"", ".", "..", "sixteen-letters-", "eth0:1", "a/b", "a b", "a\"", "a*",
                            "a\n", "\xc3\xbc"}) {
        BOOST_TEST(!is_interface(bad), bad);
    }
}

BOOST_AUTO_TEST_CASE(host_names_are_labels) {
    for (const char* good : {"phone", "A-1", "3com"})
        BOOST_TEST(is_host_name(good), good);
    for (const char* bad : {"", "-a", "a-", "a.b", "a_b", "my phone"}) {
        BOOST_TEST(!is_host_name(bad), bad);
    }
    BOOST_TEST(is_host_name(std::string(63, 'a')));
    BOOST_TEST(!is_host_name(std::string(64, 'a')));
}

BOOST_AUTO_TEST_CASE(domains_are_labels_with_dots) {
    for (const char* good : {"lan", "home.arpa"})
        BOOST_TEST(is_domain(good), good);
    for (const char* bad : {"", ".", "lan.", ".lan", "a..b", "a b"}) {
        BOOST_TEST(!is_domain(bad), bad);
    }
    std::string longest = std::string(62, 'a');
    for (int i = 0; i < 3; ++i)
        longest += "." + std::string(62, 'a');
    BOOST_TEST(is_domain(longest));
    BOOST_TEST(!is_domain(longest + ".aa"));
}

BOOST_AUTO_TEST_CASE(paths_are_absolute_and_plain) {
    for (const char* good : {"/run/gatehouse.sock", "/a//b/", "/a b"}) {
        BOOST_TEST(is_path(good, 100), good);
    }
    for (const char* bad : {"", "/", "run", "/a/../b", "/a/.", "/a\nb", "/a\x7f"}) {
        BOOST_TEST(!is_path(bad, 100), bad);
    }
    BOOST_TEST(!is_path("/abc", 3));
}

BOOST_AUTO_TEST_CASE(users_are_those_of_the_system) {
    for (const char* good : {"gatehouse", "_x", "a-1"})
        BOOST_TEST(is_user(good), good);
    for (const char* bad : {"", "1a", "-a", "Root", "a b", "a.b"})
        BOOST_TEST(!is_user(bad), bad);
}

BOOST_AUTO_TEST_CASE(a_host_has_a_unicast_address) {
    for (const char* good : {"192.168.1.1", "10.0.0.0", "223.255.255.255", "1.1.1.1"}) {
        BOOST_TEST(is_host_address(*parse_ip4(good)), good);
    }
    for (const char* bad : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
        BOOST_TEST(!is_host_address(*parse_ip4(bad)), bad);
    }
}

BOOST_AUTO_TEST_CASE(a_target_is_an_address_with_ports_or_none) {
    BOOST_TEST(!parse_target("192.168.1.10")->ports.has_value());
    BOOST_TEST(parse_target("192.168.1.10:80")->ports->to_string() == "80");
    BOOST_TEST(parse_target("192.168.1.10:80-90")->ports->to_string() == "80-90");
    for (const char* bad : {"", ":80", "192.168.1.10:", "192.168.1.10:0", "192.168.1.10:9-8",
                            "web:80", "192.168.1.10:80:81", "[::1]:80"}) {
        BOOST_TEST(!parse_target(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_a_typing_error_away) {
    const std::vector<std::string_view> words{"ports", "port_choice", "type"};
    BOOST_TEST(closest("prots", words) == "ports");
    BOOST_TEST(closest("PORTS", words) == "ports");
    BOOST_TEST(closest("port", words) == "ports");
    BOOST_TEST(closest("portchoice", words) == "port_choice");
    BOOST_TEST(closest("tpye", words) == "type");
    BOOST_TEST(closest("hairpin", words) == "");
    BOOST_TEST(closest("", words) == "");
    BOOST_TEST(closest(std::string(10'000, 'p'), words) == "");
}
