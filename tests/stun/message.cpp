// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/message.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/stun/framing.h"
#include "tests/stun/support.h"

using namespace gatehouse;
using namespace gatehouse::stun;

namespace {

// RFC 5769 2.1 to 2.3. The password protects them; we only check the fingerprint.
constexpr std::string_view kSampleRequest =
    "00010058 2112a442 b7e7a701bc34d686fa87dfae"
    "80220010 5354554e207465737420636c69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b151263b36"
    "00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004 e57a3bcf";
constexpr std::string_view kSampleAnswer4 =
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96";
constexpr std::string_view kSampleAnswer6 =
    "01010048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004 c8fb0b4c";

constexpr std::string_view kHeader = "2112a442 000102030405060708090a0b";

std::string header(std::string_view type, std::string_view length) {
    return std::string(type) + std::string(length) + std::string(kHeader);
}

struct BadCase {
    std::string what;
    std::string bytes;
    Defect defect;
};

std::ostream& operator<<(std::ostream& out, const BadCase& c) {
    return out << c.what;
}

const BadCase kBad[] = {
    {"nothing", "", Defect::too_short},
    {"nineteen bytes", "00010000 2112a442 000102030405060708090a", Defect::too_short},
    {"highest bit set", header("8001", "0000"), Defect::not_stun},
    {"second bit set, as in TURN channels", header("4001", "0000"), Defect::not_stun},
    {"length not a multiple of 4", header("0001", "0002") + "0000", Defect::bad_length},
    {"length too large", header("0001", "0004"), Defect::bad_length},
    {"bytes after the end", header("0001", "0000") + "00000000", Defect::bad_length},
    {"attribute over the end", header("0001", "0004") + "80220001", Defect::bad_attribute},
    {"attribute far over the end", header("0001", "0004") + "8022ffff", Defect::bad_attribute},
    {"address of an unknown family", header("0101", "000c") + "00010008 00030050 01020304",
     Defect::bad_address},
    {"IPv4 address of 4 bytes", header("0101", "0008") + "00010004 00010050", Defect::bad_address},
    {"IPv4 address of 12 bytes", header("0101", "0010") + "0001000c 00010050 0102030405060708",
     Defect::bad_address},
    {"IPv6 address of 8 bytes", header("0101", "000c") + "00200008 00020050 01020304",
     Defect::bad_address},
    {"a good address, then a bad one of the same type",
     header("0101", "0014") + "00010008 00010050 01020304" + "00010004 00010050",
     Defect::bad_address},
    {"CHANGE-REQUEST of 2 bytes", header("0001", "0008") + "00030002 00060000", Defect::bad_value},
    {"CHANGE-REQUEST with a flag nobody knows", header("0001", "0008") + "00030004 00000008",
     Defect::bad_value},
    {"RESPONSE-PORT 0", header("0001", "0008") + "00270002 00000000", Defect::bad_value},
    {"RESPONSE-PORT of 3 bytes", header("0001", "0008") + "00270003 00500000", Defect::bad_value},
    {"ERROR-CODE without a number", header("0111", "0004") + "00090000", Defect::bad_error_code},
    {"ERROR-CODE 200", header("0111", "0008") + "00090004 00000200", Defect::bad_error_code},
    {"ERROR-CODE 4 and 100", header("0111", "0008") + "00090004 00000464", Defect::bad_error_code},
    {"UNKNOWN-ATTRIBUTES of 3 bytes", header("0111", "0008") + "000a0003 00030000",
     Defect::bad_value},
    {"FINGERPRINT of 3 bytes", header("0001", "0008") + "80280003 00000000",
     Defect::bad_fingerprint},
    {"wrong FINGERPRINT", header("0001", "0008") + "80280004 00000000", Defect::bad_fingerprint},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(message)

BOOST_AUTO_TEST_CASE(the_sample_request_of_rfc_5769_reads) {
    const auto read = parse_message(hex(kSampleRequest));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST((read->kind == MessageClass::request));
    BOOST_TEST(read->method == kBinding);
    BOOST_TEST(!read->id.is_classic());
    BOOST_TEST(read->fingerprint);
    const std::vector<std::uint16_t> priority{0x0024};
    BOOST_TEST(read->not_understood == priority);  // belongs to ICE
}

BOOST_AUTO_TEST_CASE(the_sample_answers_of_rfc_5769_read) {
    const auto v4 = parse_message(hex(kSampleAnswer4));
    BOOST_REQUIRE(v4.ok());
    BOOST_TEST((v4->kind == MessageClass::success));
    BOOST_TEST(v4->xor_mapped->to_string() == "192.0.2.1:32853");
    const auto v6 = parse_message(hex(kSampleAnswer6));
    BOOST_REQUIRE(v6.ok());
    BOOST_TEST(v6->xor_mapped->to_string() == "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

BOOST_AUTO_TEST_CASE(any_flipped_bit_of_a_sample_is_noticed_or_harmless) {
    for (const std::string_view sample : {kSampleRequest, kSampleAnswer4, kSampleAnswer6}) {
        const std::vector<std::uint8_t> good = hex(sample);
        for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
            std::vector<std::uint8_t> bad = good;
            bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
            // What is left to pass is a FINGERPRINT whose own type was changed: RFC 8489 has
            // nothing else that covers the message.
            const auto read = parse_message(bad);
            if (read.ok()) BOOST_TEST(!read->fingerprint);
        }
    }
}

BOOST_DATA_TEST_CASE(odd_input_is_discarded_as_a_whole, boost::unit_test::data::make(kBad)) {
    const auto read = parse_message(hex(sample.bytes));
    BOOST_REQUIRE(!read.ok());
    BOOST_TEST(to_string(read.error()) == to_string(sample.defect));
}

BOOST_AUTO_TEST_CASE(sixty_five_attributes_are_too_many) {
    std::string bytes = header("0001", "0104");
    for (int i = 0; i < 65; ++i)
        bytes += "80220000";
    const auto read = parse_message(hex(bytes));
    BOOST_REQUIRE(!read.ok());
    BOOST_TEST(to_string(read.error()) == "too-many-attributes");
}

BOOST_AUTO_TEST_CASE(nothing_may_follow_a_fingerprint) {
    Message message;
    message.fingerprint = true;
    std::vector<std::uint8_t> bytes = write_message(message);
    bytes[3] = static_cast<std::uint8_t>(bytes[3] + 4);
    for (const std::uint8_t byte : hex("80220000"))
        bytes.push_back(byte);
    BOOST_TEST(!parse_message(bytes).ok());
}

BOOST_AUTO_TEST_CASE(a_classic_message_is_known_by_its_missing_cookie) {
    const auto read =
        parse_message(hex("00010008 00112233445566778899aabbccddeeff 0003000400000006"));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->id.is_classic());
    BOOST_REQUIRE(read->change.has_value());
    BOOST_TEST(read->change->address);
    BOOST_TEST(read->change->port);
}

BOOST_AUTO_TEST_CASE(the_first_of_two_attributes_counts) {
    const auto read = parse_message(
        hex(header("0101", "0018") + "00010008 00010050 01020304 00010008 00010051 01020305"));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(read->mapped->to_string() == "1.2.3.4:80");
}

BOOST_AUTO_TEST_CASE(attributes_behind_message_integrity_do_not_count) {
    const std::string integrity = "00080014" + std::string(40, '0');
    const auto read = parse_message(hex(header("0001", "0020") + integrity + "00270004 00500000"));
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(!read->response_port.has_value());
}

BOOST_AUTO_TEST_CASE(response_port_is_read_with_and_without_its_padding_counted) {
    for (const char* attribute : {"00270002 13880000", "00270004 13880000"}) {
        const auto read = parse_message(hex(header("0001", "0008") + attribute));
        BOOST_REQUIRE(read.ok());
        BOOST_TEST(read->response_port->number == 5000);
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_the_same) {
    SeededRandom random(7);
    for (int round = 0; round < 500; ++round) {
        Message out;
        out.kind = static_cast<MessageClass>(random.below(4));
        out.method = static_cast<std::uint16_t>(random.below(0x1000));
        out.id = TransactionId::make(random);
        if (random.below(4) == 0) out.id.bytes[0] = 0x7f;
        const auto some_endpoint = [&]() -> std::optional<Endpoint> {
            const Port port{static_cast<std::uint16_t>(random.below(65536))};
            switch (random.below(3)) {
                case 0: return std::nullopt;
                case 1: return Endpoint{Ip4{static_cast<std::uint32_t>(random.next())}, port};
                default: return Endpoint{Ip6{random.bytes<16>()}, port};
            }
        };
        out.mapped = some_endpoint();
        out.xor_mapped = some_endpoint();
        out.source_address = some_endpoint();
        out.changed_address = some_endpoint();
        out.response_origin = some_endpoint();
        out.other_address = some_endpoint();
        if (random.below(2) == 0) out.change = {random.below(2) == 0, random.below(2) == 0};
        if (random.below(2) == 0) {
            out.response_port = Port{static_cast<std::uint16_t>(random.between(1, 65535))};
        }
        if (random.below(4) == 0) out.padding = static_cast<std::uint16_t>(random.below(1600));
        if (random.below(4) == 0) out.error = ErrorCode{420, std::string(random.index(20), 'x')};
        if (random.below(4) == 0) out.unknown_attributes = {0x0002, 0x7777};
        out.fingerprint = random.below(2) == 0;
        const auto back = parse_message(write_message(out));
        BOOST_REQUIRE(back.ok());
        BOOST_TEST((*back == out));
    }
}

BOOST_AUTO_TEST_CASE(a_classic_error_lists_an_even_number_of_types) {
    Message out;
    out.kind = MessageClass::error;
    out.id.bytes[0] = 1;
    out.error = ErrorCode{420, {}};
    out.unknown_attributes = {0x0002};
    const auto back = parse_message(write_message(out));
    BOOST_REQUIRE(back.ok());
    const std::vector<std::uint16_t> twice{0x0002, 0x0002};
    BOOST_TEST(back->unknown_attributes == twice);
}

BOOST_AUTO_TEST_CASE(a_message_that_fits_no_datagram_is_not_written) {
    Message out;
    out.padding = std::uint16_t{65532};
    BOOST_TEST(write_message(out).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(framing)

BOOST_AUTO_TEST_CASE(a_stream_gives_the_same_messages_however_it_is_cut) {
    std::vector<std::uint8_t> stream = hex(kSampleRequest);
    const std::vector<std::uint8_t> second = hex(kSampleAnswer6);
    stream.insert(stream.end(), second.begin(), second.end());
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        FrameReader reader;
        std::vector<std::vector<std::uint8_t>> frames;
        for (std::size_t at = 0; at < stream.size(); at += cut) {
            const std::size_t n = std::min(cut, stream.size() - at);
            BOOST_REQUIRE(reader.feed(Bytes(stream).subspan(at, n)));
            while (auto frame = reader.next())
                frames.push_back(*frame);
        }
        BOOST_REQUIRE(frames.size() == 2);
        BOOST_TEST(frames[0] == hex(kSampleRequest));
        BOOST_TEST(frames[1] == second);
    }
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_not_stun_is_refused_at_its_first_header) {
    FrameReader reader;
    BOOST_TEST(reader.feed(as_bytes("GET / HTTP/1.1\r\nHo")));
    BOOST_TEST(!reader.feed(as_bytes("st: x\r\n\r\n")));
    BOOST_TEST(!reader.ok());
    BOOST_TEST(!reader.next().has_value());
}

BOOST_AUTO_TEST_CASE(a_frame_above_the_limit_is_refused) {
    FrameReader reader;
    BOOST_TEST(!reader.feed(hex(header("0001", "0800"))));
}

BOOST_AUTO_TEST_CASE(a_stream_that_nobody_reads_is_refused_in_the_end) {
    FrameReader reader;
    const std::vector<std::uint8_t> request = hex(header("0001", "0000"));
    int fed = 0;
    while (fed < 1000 && reader.feed(request))
        ++fed;
    BOOST_TEST(fed == 2 * 2048 / 20);
}

BOOST_AUTO_TEST_SUITE_END()
