// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/message.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
namespace data = boost::unit_test::data;

namespace {

// A request up to the cookie: Ethernet 02:00:00:00:00:01, xid 11223344, sname and file as given.
std::vector<std::uint8_t> packet(std::string_view options, std::string_view sname = "",
                                 std::string_view file = "") {
    bool ok = true;
    const auto hex = [&ok](std::string_view text) { return from_hex(text, ok); };
    ByteWriter out;
    out.bytes(hex("01 01 06 00 11223344 0003 8000"));
    out.zeros(16);
    out.bytes(hex("020000000001"));
    out.zeros(10);
    const auto field = [&](std::string_view text, std::size_t size) {
        const auto bytes = hex(text);
        out.bytes(bytes);
        out.zeros(size - bytes.size());
    };
    field(sname, 64);
    field(file, 128);
    out.bytes(hex("63825363"));
    out.bytes(hex(options));
    BOOST_REQUIRE(ok);
    return out.take();
}

struct Case {
    const char* name;
    const char* options;
    const char* sname;
    const char* file;
    const char* expected;  // "code=hex code=hex", or the reason of the refusal
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.name;
}

const std::vector<Case> kCases{
    {"a discover", "350101 ff", "", "", "53=01"},
    {"pads between and behind", "00 350101 0000 0c0161 00 ff 00ff", "", "", "53=01 12=61"},
    {"no end is forgiven", "350101", "", "", "53=01"},
    {"an empty option", "350101 5000 ff", "", "", "53=01 80="},
    {"a split option is one (RFC 3396)", "7702 0361 350101 7702 6200 ff", "", "",
     "119=03616200 53=01"},
    {"file holds options", "350101 340101 ff", "", "0c0161 ff", "53=01 52=01 12=61"},
    {"sname holds options", "350101 340102 ff", "0c0161 ff", "", "53=01 52=02 12=61"},
    {"both hold, file comes first", "350101 340103 7701aa ff", "7701cc ff", "7701bb ff",
     "53=01 52=03 119=aabbcc"},
    {"option 52 in file means nothing", "350101 340101 ff", "0c0161 ff", "340102 ff",
     "53=01 52=0102"},
    {"a length without data", "350101 0c05 6162", "", "", "option"},
    {"a code without a length", "350101 0c", "", "", "option"},
    {"an option beyond file", "350101 340101 ff", "",
     "00000000000000000000000000000000 00000000000000000000000000000000"
     "00000000000000000000000000000000 00000000000000000000000000000000"
     "00000000000000000000000000000000 00000000000000000000000000000000"
     "00000000000000000000000000000000 0000000000000000000000000000 0c05",
     "option"},
};

std::string shown(const Result<Message, BadMessage>& result) {
    if (!result) return std::string(to_string(result.error()));
    std::string out;
    for (const Option& option : result->options.all()) {
        append(out, out.empty() ? "" : " ", unsigned{option.code}, '=', to_hex(option.data));
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message)

BOOST_DATA_TEST_CASE(options_are_found_wherever_they_stand, data::make(kCases)) {
    BOOST_TEST(shown(parse_message(packet(sample.options, sample.sname, sample.file))) ==
               sample.expected);
}

BOOST_AUTO_TEST_CASE(fields_are_read) {
    const auto bytes = packet("350103 ff", "736d616c6c", "626f6f742e696d67");
    const auto message = parse_message(bytes);
    BOOST_REQUIRE(message.ok());
    BOOST_TEST(message->xid == 0x11223344U);
    BOOST_TEST(message->secs == 3);
    BOOST_TEST(message->wants_broadcast());
    BOOST_TEST(message->mac()->to_string() == "02:00:00:00:00:01");
    BOOST_TEST(message->sname == "small");
    BOOST_TEST(message->file == "boot.img");
    BOOST_CHECK(message->type() == MessageType::request);
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused_with_its_reason) {
    auto bytes = packet("350101 ff");
    BOOST_TEST(shown(parse_message(Bytes(bytes).first(239))) == "too_short");
    bytes[2] = 17;
    BOOST_TEST(shown(parse_message(bytes)) == "hardware");
    bytes[2] = 6;
    bytes[236] = 0;
    BOOST_TEST(shown(parse_message(bytes)) == "cookie");
    BOOST_TEST(shown(parse_message(std::vector<std::uint8_t>(4097))) == "too_long");
}

BOOST_AUTO_TEST_CASE(a_number_is_only_read_from_an_option_of_its_length) {
    Options options;
    options.set(51, std::array<std::uint8_t, 3>{0, 0, 1});
    BOOST_TEST(!options.u32(51).has_value());
    BOOST_TEST(!options.u8(51).has_value());
    options.set_u32(51, 3600);
    BOOST_TEST(options.u32(51).value() == 3600U);
    BOOST_TEST(!options.u16(51).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
    Message message;
    message.op = kReplyOp;
    message.yiaddr = Ip4::of(192, 168, 1, 100);
    message.giaddr = Ip4::of(10, 0, 0, 1);
    message.options.set_u8(option::kMessageType, 2);
    message.options.set(option::kRelayAgent, std::array<std::uint8_t, 2>{1, 0});
    message.options.set_text(option::kDomain, "lan");
    const auto bytes = write_message(message, 548);
    BOOST_TEST(bytes.size() == 300U);
    const auto read = parse_message(bytes);
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->yiaddr.to_string() == "192.168.1.100");
    BOOST_TEST(shown(read) == "53=02 15=6c616e 82=0100");
}

BOOST_AUTO_TEST_CASE(a_long_option_is_split_and_whole_again) {
    Message message;
    message.options.set_u8(option::kMessageType, 2);
    message.options.set(option::kRoutes, std::vector<std::uint8_t>(600, 7));
    const auto read = parse_message(write_message(message, 1472));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->options.bytes(option::kRoutes).size() == 600U);
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_moves_to_file_and_sname_and_then_is_left_out) {
    Message message;
    message.options.set_u8(option::kMessageType, 2);
    message.options.set(200, std::vector<std::uint8_t>(40, 1));
    message.options.set(201, std::vector<std::uint8_t>(100, 2));
    message.options.set(202, std::vector<std::uint8_t>(50, 3));
    message.options.set(203, std::vector<std::uint8_t>(50, 4));
    message.options.set(option::kRelayAgent, std::vector<std::uint8_t>(4, 9));
    const auto bytes = write_message(message, 300);
    BOOST_TEST(bytes.size() == 300U);
    const auto read = parse_message(bytes);
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(unsigned{read->options.u8(option::kOverload).value()} == 3U);
    BOOST_TEST(read->options.bytes(200).size() == 40U);
    BOOST_TEST(read->options.bytes(201).size() == 100U);
    BOOST_TEST(read->options.bytes(202).size() == 50U);
    BOOST_TEST(!read->options.has(203));
    BOOST_TEST(read->options.bytes(option::kRelayAgent).size() == 4U);
}

BOOST_AUTO_TEST_CASE(fields_that_say_something_hold_no_options) {
    Message message;
    message.sname = "server";
    message.file = std::string(200, 'f');
    message.options.set_u8(option::kMessageType, 2);
    message.options.set(200, std::vector<std::uint8_t>(100, 1));
    const auto read = parse_message(write_message(message, 300));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(!read->options.has(200));
    BOOST_TEST(read->sname == "server");
    BOOST_TEST(read->file == std::string(127, 'f'));
}

BOOST_AUTO_TEST_SUITE_END()
