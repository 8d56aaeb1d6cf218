// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/table.h"

#include <boost/test/unit_test.hpp>

#include "gateway/control/resources.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

std::string shown(std::string_view resource, const std::string& json) {
    const auto value = parse_json(json);
    BOOST_REQUIRE(value.ok());
    return show_table(columns_of(resource), *value);
}

constexpr Endpoint4 kPhone{Ip4::of(192, 168, 1, 20), {5060}};
constexpr Endpoint4 kOutside{Ip4::of(11, 0, 0, 1), {5060}};

MappingRow dynamic_row() {
    MappingRow row;
    row.inside = kPhone;
    row.outside = kOutside;
    row.origin = "dynamic";
    row.sessions = 2;
    row.age = 3725s;
    row.expires_in = 299900ms;
    return row;
}

ForwardRow range_row() {
    ForwardRow row;
    row.id = 7;
    row.proto = Proto::tcp;
    row.outside = {kOutside.address, Port{8000}};
    row.inside = {kPhone.address, Port{80}};
    row.count = 11;
    row.origin = "igd";
    return row;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rows)

BOOST_AUTO_TEST_CASE(a_mapping_has_the_fields_that_are_promised) {
    BOOST_TEST(write_rows_json(std::vector{dynamic_row()}) ==
               R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
               R"("remote":null,"origin":"dynamic","sessions":2,"age":3725,"expires_in":299}])");
    MappingRow symmetric = dynamic_row();
    symmetric.remote = Endpoint4{Ip4::of(11, 0, 0, 9), {}};
    symmetric.expires_in.reset();
    BOOST_TEST(write_rows_json(std::vector{symmetric}) ==
               R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
               R"("remote":"11.0.0.9","origin":"dynamic","sessions":2,"age":3725,)"
               R"("expires_in":null}])");
}

BOOST_AUTO_TEST_CASE(a_session_has_the_fields_that_are_promised) {
    SessionRow row;
    row.proto = Proto::icmp;
    row.inside = {kPhone.address, Port{77}};
    row.outside = {kOutside.address, Port{77}};
    row.remote = {Ip4::of(11, 0, 0, 9), {}};
    row.state = "answered";
    row.expires_in = 30s;
    row.packets_out = 3;
    row.bytes_out = 252;
    BOOST_TEST(write_rows_json(std::vector{row}) ==
               R"([{"proto":"icmp","inside":"192.168.1.20:77","outside":"11.0.0.1:77",)"
               R"("remote":"11.0.0.9","state":"answered","expires_in":30,"packets_out":3,)"
               R"("packets_in":null,"bytes_out":252,"bytes_in":null}])");
}

BOOST_AUTO_TEST_CASE(a_forward_has_the_fields_that_are_promised) {
    ForwardRow row = range_row();
    BOOST_TEST(write_rows_json(std::vector{row}) ==
               R"([{"id":7,"proto":"tcp","outside":"11.0.0.1:8000-8010",)"
               R"("inside":"192.168.1.20:80-90","remote":null,"origin":"igd","owner":null,)"
               R"("description":null,"expires_in":null,"enabled":true}])");
    row.count = 1;
    row.remote = Ip4::of(198, 51, 100, 7);
    row.owner = "192.168.1.20";
    row.description = "\"Xbox\"\n";
    row.expires_in = 60s;
    row.enabled = false;
    BOOST_TEST(write_rows_json(std::vector{row}) ==
               R"([{"id":7,"proto":"tcp","outside":"11.0.0.1:8000","inside":"192.168.1.20:80",)"
               R"("remote":"198.51.100.7","origin":"igd","owner":"192.168.1.20",)"
               R"("description":"\"Xbox\"\n","expires_in":60,"enabled":false}])");
}

BOOST_AUTO_TEST_CASE(a_host_has_the_fields_that_are_promised) {
    HostRow phone;
    phone.address = kPhone.address;
    phone.mac = parse_mac("00:11:22:33:44:55");
    phone.name = "phone";
    phone.nat = "full-cone";
    phone.mappings = 1;
    phone.sessions = 2;
    HostRow stranger;
    stranger.address = *parse_ip("fd00::7");
    BOOST_TEST(write_rows_json(std::vector{phone, stranger}) ==
               R"([{"address":"192.168.1.20","mac":"00:11:22:33:44:55","name":"phone",)"
               R"("nat":"full-cone","mappings":1,"sessions":2},)"
               R"({"address":"fd00::7","mac":null,"name":null,"nat":null,"mappings":null,)"
               R"("sessions":null}])");
}

BOOST_AUTO_TEST_CASE(a_lease_has_the_fields_that_are_promised) {
    const LeaseRow phone{Ip4::of(192, 168, 1, 100), parse_mac("00:11:22:33:44:55"), "phone",
                         "bound", 43199s};
    const LeaseRow gone{Ip4::of(192, 168, 1, 101), {}, "", "released", {}};
    BOOST_TEST(write_rows_json(std::vector{phone, gone}) ==
               R"([{"address":"192.168.1.100","mac":"00:11:22:33:44:55","name":"phone",)"
               R"("state":"bound","expires_in":43199},)"
               R"({"address":"192.168.1.101","mac":null,"name":null,"state":"released",)"
               R"("expires_in":null}])");
    BOOST_TEST(shown("leases", write_rows_json(std::vector{phone})) ==
               "ADDRESS        MAC                NAME   STATE  EXPIRES\n"
               "192.168.1.100  00:11:22:33:44:55  phone  bound   11h59m\n");
}

BOOST_AUTO_TEST_CASE(no_rows_are_an_empty_array) {
    BOOST_TEST(write_rows_json(std::vector<HostRow>()) == "[]");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(an_empty_list_is_its_heading) {
    BOOST_TEST(shown("mappings", "[]") ==
               "PROTO  INSIDE  OUTSIDE  REMOTE  ORIGIN  SESSIONS  AGE  EXPIRES\n");
    for (const char* resource : {"sessions", "forwards", "pinholes", "hosts", "calls"})
        BOOST_TEST(shown(resource, "[]").size() > 10U);
    BOOST_TEST(columns_of("no such thing").empty());
}

BOOST_AUTO_TEST_CASE(columns_are_aligned_and_numbers_stand_at_the_right) {
    MappingRow other = dynamic_row();
    other.proto = Proto::icmp;
    other.inside.port = Port{7};
    other.remote = Endpoint4{Ip4::of(11, 0, 0, 9), {}};
    other.sessions = 1234;
    BOOST_TEST(
        "\n" + shown("mappings", write_rows_json(std::vector{dynamic_row(), other})) ==
        "\n"
        "PROTO  INSIDE             OUTSIDE        REMOTE    ORIGIN   SESSIONS    AGE  EXPIRES\n"
        "udp    192.168.1.20:5060  11.0.0.1:5060  -         dynamic         2  1h02m    4m59s\n"
        "icmp   192.168.1.20:7     11.0.0.1:5060  11.0.0.9  dynamic      1234  1h02m    4m59s\n");
}

BOOST_AUTO_TEST_CASE(a_line_does_not_end_in_blanks) {
    const std::string text = shown("forwards", write_rows_json(std::vector{range_row()}));
    BOOST_TEST(text.find(" \n") == std::string::npos);
    BOOST_TEST(text.ends_with("yes  -\n"));
}

BOOST_AUTO_TEST_CASE(what_a_stranger_wrote_is_shown_as_text_and_keeps_the_columns) {
    const std::string text = shown(
        "hosts", R"([{"address":"192.168.1.2","mac":null,"name":"caf\u00e9","nat":"full-cone"},)"
                 R"({"address":"192.168.1.3","mac":null,"name":"\u001b[2J","nat":"full-cone"}])");
    BOOST_TEST("\n" + text ==
               "\n"
               "ADDRESS      MAC  NAME     NAT        MAPPINGS  SESSIONS\n"
               "192.168.1.2  -    caf\xc3\xa9     full-cone         -         -\n"
               "192.168.1.3  -    \\x1b[2J  full-cone         -         -\n");
}

BOOST_AUTO_TEST_CASE(times_and_sizes_are_short) {
    BOOST_TEST(short_duration(0) == "0s");
    BOOST_TEST(short_duration(59) == "59s");
    BOOST_TEST(short_duration(60) == "1m00s");
    BOOST_TEST(short_duration(3600) == "1h00m");
    BOOST_TEST(short_duration(86399) == "23h59m");
    BOOST_TEST(short_duration(93784) == "1d02h");
    BOOST_TEST(short_bytes(0) == "0");
    BOOST_TEST(short_bytes(999) == "999");
    BOOST_TEST(short_bytes(1000) == "1.0k");
    BOOST_TEST(short_bytes(9999) == "9.9k");
    BOOST_TEST(short_bytes(10000) == "10k");
    BOOST_TEST(short_bytes(999999) == "999k");
    BOOST_TEST(short_bytes(1000000) == "1.0M");
    BOOST_TEST(short_bytes(9223372036854775807) == "9.2E");
}

BOOST_AUTO_TEST_SUITE_END()
