// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/arguments.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/stun/support.h"

using namespace gatehouse;
using namespace gatehouse::stun;

namespace {

struct Line {
    std::string arguments;  // separated by blanks
    std::string error;
};

std::ostream& operator<<(std::ostream& out, const Line& line) {
    return out << line.arguments;
}

std::vector<std::string_view> words(std::string_view line) {
    return line.empty() ? std::vector<std::string_view>{} : split(line, ' ');
}

const Line kBadServer[] = {
    {"", "--address is missing"},
    {"--address", "--address needs a value"},
    {"--address 11.0.0", "--address 11.0.0 is not an address"},
    {"--address 0.0.0.0", "--address 0.0.0.0 is not an address that a host can have"},
    {"--address=224.0.0.1", "--address 224.0.0.1 is not an address that a host can have"},
    {"--address 11.0.0.2 --address 11.0.0.2", "the two addresses are the same"},
    {"--address 11.0.0.2 --address 2001:db8::2",
     "the two addresses must both be IPv4 or both be IPv6"},
    {"--address 11.0.0.2 --address 11.0.0.3 --address 11.0.0.4",
     "--address can be given twice at most"},
    {"--address 11.0.0.2 --port 0", "--port 0 is not a port from 1 to 65535"},
    {"--address 11.0.0.2 --alt-port 70000", "--alt-port 70000 is not a port from 1 to 65535"},
    {"--address 11.0.0.2 --port 3479", "the two ports are the same"},
    {"--address 11.0.0.2 --verbose", "unknown argument --verbose"},
    {"11.0.0.2", "unknown argument 11.0.0.2"},
};

const Line kBadProbe[] = {
    {"", "the server is missing"},
    {"--json", "the server is missing"},
    {"--json=yes a", "--json takes no value"},
    {"a b", "only one server can be asked"},
    {"a:0", "0 is not a port from 1 to 65535"},
    {"a:", " is not a port from 1 to 65535"},
    {":3478", ":3478 is not the name or address of a server"},
    {"[2001:db8::2", "no ] in [2001:db8::2"},
    {"[11.0.0.2]:5", "[11.0.0.2]:5 is not [address]:port"},
    {"[2001:db8::2]5", "[2001:db8::2]5 is not [address]:port"},
    {"a\x01", "a\\x01 is not the name or address of a server"},
    {"a --local b", "--local b is not an address"},
    {"a --wait 5", "--wait 5 is not a number of milliseconds from 10 to 5000"},
    {"a --wait", "--wait needs a value"},
    {"a --rtt 5", "unknown argument --rtt"},
};

struct ServerName {
    std::string text;
    std::string host;
    int port;
};

std::ostream& operator<<(std::ostream& out, const ServerName& name) {
    return out << name.text;
}

const ServerName kNames[] = {
    {"stun.example.org", "stun.example.org", 3478},
    {"stun.example.org:19302", "stun.example.org", 19302},
    {"11.0.0.2", "11.0.0.2", 3478},
    {"11.0.0.2:5", "11.0.0.2", 5},
    {"2001:db8::2", "2001:db8::2", 3478},
    {"[2001:db8::2]", "2001:db8::2", 3478},
    {"[2001:db8::2]:5", "2001:db8::2", 5},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(arguments)

BOOST_DATA_TEST_CASE(a_wrong_server_line_says_what_is_wrong,
                     boost::unit_test::data::make(kBadServer)) {
    const auto read = parse_server_arguments(words(sample.arguments));
    BOOST_REQUIRE(!read.ok());
    BOOST_TEST(read.error().text == sample.error);
}

BOOST_DATA_TEST_CASE(a_wrong_probe_line_says_what_is_wrong,
                     boost::unit_test::data::make(kBadProbe)) {
    const auto read = parse_probe_arguments(words(sample.arguments));
    BOOST_REQUIRE(!read.ok());
    BOOST_TEST(read.error().text == sample.error);
}

BOOST_AUTO_TEST_CASE(a_server_line_is_read) {
    const auto read = parse_server_arguments(
        words("--address 11.0.0.2 --address=11.0.0.3 --port 5000 --alt-port=5001"));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->endpoint({false, false}).to_string() == "11.0.0.2:5000");
    BOOST_TEST(read->endpoint({true, true}).to_string() == "11.0.0.3:5001");
}

BOOST_DATA_TEST_CASE(a_server_is_named_in_every_usual_way, boost::unit_test::data::make(kNames)) {
    const auto read = parse_probe_arguments(words(sample.text));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->host == sample.host);
    BOOST_TEST(read->port.number == sample.port);
}

BOOST_AUTO_TEST_CASE(a_probe_line_is_read) {
    const auto read =
        parse_probe_arguments(words("--json a --lifetime --local 192.168.1.10 --wait=20"));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->json);
    BOOST_TEST(read->lifetime);
    BOOST_TEST(read->local->to_string() == "192.168.1.10");
    BOOST_TEST((read->first_wait == 20ms));
}

BOOST_AUTO_TEST_SUITE_END()
