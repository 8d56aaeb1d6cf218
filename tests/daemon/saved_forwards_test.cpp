// SPDX-License-Identifier: GPL-2.0-or-later
//
// The forwards of commands as a text, and what comes back of it.
#include "gateway/daemon/saved_forwards.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/daemon/forward_body.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

constexpr Instant kWritten = Instant(std::chrono::seconds(1000));

nat::Forward console() {
    nat::Forward out;
    out.id = 7;
    out.proto = Proto::udp;
    out.outside = {Ip4::of(11, 0, 0, 1), Port{3074}};
    out.inside = {Ip4::of(192, 168, 1, 30), Port{3075}};
    out.owner = {nat::OwnerKind::static_, std::string(kControlOwner)};
    out.description = "my console";
    return out;
}

nat::Forward range_for_an_hour() {
    nat::Forward out = console();
    out.proto = Proto::tcp;
    out.count = 11;
    out.remote = Ip4::of(11, 0, 0, 9);
    out.description = {};
    out.expires = kWritten + std::chrono::hours(1);
    return out;
}

// The whole text of one request, to compare.
std::string text_of(const nat::ForwardRequest& request) {
    return concat(to_string(request.proto), " ", request.outside->number, "+", request.count, " ",
                  request.inside.to_string(), " ",
                  request.remote ? request.remote->to_string() : std::string("any"), " ",
                  request.lifetime ? std::to_string(whole_seconds(*request.lifetime)) : "for ever",
                  " ", request.description);
}

std::vector<std::string> texts(const std::vector<nat::ForwardRequest>& all) {
    std::vector<std::string> out;
    for (const nat::ForwardRequest& one : all) {
        BOOST_TEST(one.must_have_port);
        BOOST_TEST((one.owner == console().owner));
        out.push_back(text_of(one));
    }
    return out;
}

struct Bad {
    const char* line;
};

std::ostream& operator<<(std::ostream& out, const Bad& bad) {
    return out << bad.line;
}

const Bad kBad[] = {
    {""},
    {"udp"},
    {"icmp 1 1 192.168.1.2:1 - - x"},
    {"udp 0 1 192.168.1.2:1 - - x"},
    {"udp 65536 1 192.168.1.2:1 - - x"},
    {"udp 1 one 192.168.1.2:1 - - x"},
    {"udp 1 1 192.168.1.2 - - x"},
    {"udp 1 1 192.168.1.2:1 any - x"},
    {"udp 1 1 192.168.1.2:1 - soon x"},
    {"udp 1 1 192.168.1.2:1 - 999 over"},
    {"udp  1 1 192.168.1.2:1 - - x"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(saved_forwards)

BOOST_AUTO_TEST_CASE(what_is_written_comes_back_with_the_time_that_is_left) {
    nat::Forward of_file = console();
    of_file.owner.id = "file";
    nat::Forward of_device = console();
    of_device.owner = {nat::OwnerKind::igd, "x"};
    const std::string text =
        write_forwards({console(), of_file, range_for_an_hour(), of_device}, "boot-a", kWritten);
    BOOST_TEST(text ==
               "boot-a 1000\n"
               "udp 3074 1 192.168.1.30:3075 - - my console\n"
               "tcp 3074 11 192.168.1.30:3075 11.0.0.9 4600 \n");
    const std::vector<std::string> wanted{"udp 3074+1 192.168.1.30:3075 any for ever my console",
                                          "tcp 3074+11 192.168.1.30:3075 11.0.0.9 3000 "};
    BOOST_TEST(texts(read_forwards(text, "boot-a", kWritten + std::chrono::minutes(10))) == wanted,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_name_comes_back_as_it_was_but_for_ends_of_lines) {
    nat::Forward odd = console();
    odd.description = " a\\b \xff\tund\xc3\xbc\nc ";
    const std::string text = write_forwards({odd}, "boot-a", kWritten);
    const auto back = read_forwards(text, "boot-a", kWritten);
    BOOST_REQUIRE(back.size() == 1U);
    BOOST_TEST(back.front().description == " a\\b \xff\tund\xc3\xbc c ");
}

BOOST_AUTO_TEST_CASE(after_another_boot_the_time_goes_on_from_where_it_was_written) {
    const std::string text = write_forwards({range_for_an_hour()}, "boot-a", kWritten);
    const std::vector<std::string> wanted{"tcp 3074+11 192.168.1.30:3075 11.0.0.9 3600 "};
    BOOST_TEST(texts(read_forwards(text, "boot-b", Instant(std::chrono::seconds(20)))) == wanted,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_over_does_not_come_back) {
    const std::string text = write_forwards({range_for_an_hour()}, "boot-a", kWritten);
    BOOST_TEST(read_forwards(text, "boot-a", kWritten + std::chrono::hours(1)).empty());
}

BOOST_DATA_TEST_CASE(a_bad_line_is_left_out_and_the_others_stay, kBad, bad) {
    const std::string text = concat("boot-a 1000\n", bad.line, "\nudp 9 1 192.168.1.2:9 - - x\n");
    const std::vector<std::string> wanted{"udp 9+1 192.168.1.2:9 any for ever x"};
    BOOST_TEST(texts(read_forwards(text, "boot-a", kWritten)) == wanted,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_text_without_its_first_line_is_no_such_text) {
    for (const char* text : {"", "\n", "boot-a\n", "udp 9 1 192.168.1.2:9 - - x\n"})
        BOOST_TEST(read_forwards(text, "boot-a", kWritten).empty());
}

BOOST_AUTO_TEST_SUITE_END()
