// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/server.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/stun/support.h"

using namespace gatehouse;
using namespace gatehouse::stun;

namespace {

const Endpoint kClient{Ip4::of(192, 0, 2, 9), {4000}};
constexpr HashKey kSecret{1, 2};

struct Exchange {
    Message answer;
    Reply reply;
};

std::optional<Exchange> ask(Server& server, const Message& request, Side at = kMain,
                            Transport transport = Transport::udp, Instant now = Instant{}) {
    const std::vector<std::uint8_t> bytes = write_message(request);
    const auto reply = server.handle({bytes, kClient, at, transport}, now);
    if (!reply) return std::nullopt;
    auto answer = parse_message(reply->bytes);
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST((answer->id == request.id));
    return Exchange{*answer, *reply};
}

Message request() {
    SeededRandom random(1);
    Message out;
    out.id = TransactionId::make(random);
    return out;
}

Message classic_request() {
    Message out = request();
    out.id.bytes[0] = 0;
    return out;
}

struct ChangeCase {
    Side at;
    ChangeRequest change;
    std::string from;
    std::string other;
};

std::ostream& operator<<(std::ostream& out, const ChangeCase& c) {
    return out << c.from;
}

const ChangeCase kChanges[] = {
    {{false, false}, {false, false}, "11.0.0.2:3478", "11.0.0.3:3479"},
    {{false, false}, {false, true}, "11.0.0.2:3479", "11.0.0.3:3479"},
    {{false, false}, {true, false}, "11.0.0.3:3478", "11.0.0.3:3479"},
    {{false, false}, {true, true}, "11.0.0.3:3479", "11.0.0.3:3479"},
    {{true, false}, {false, false}, "11.0.0.3:3478", "11.0.0.2:3479"},
    {{true, true}, {true, true}, "11.0.0.2:3478", "11.0.0.2:3478"},
    {{false, true}, {false, true}, "11.0.0.2:3478", "11.0.0.3:3478"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server)

BOOST_DATA_TEST_CASE(the_answer_comes_from_where_it_was_asked_for,
                     boost::unit_test::data::make(kChanges)) {
    Server server(two_addresses(), kSecret);
    Message modern = request();
    modern.change = sample.change;
    const auto got = ask(server, modern, sample.at);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(server.config().endpoint(got->reply.from).to_string() == sample.from);
    BOOST_TEST(got->answer.response_origin->to_string() == sample.from);
    BOOST_TEST(got->answer.other_address->to_string() == sample.other);
    BOOST_TEST((got->answer.xor_mapped == kClient));
    BOOST_TEST((got->answer.mapped == kClient));
    BOOST_TEST((got->reply.to == kClient));

    Message classic = classic_request();
    classic.change = sample.change;
    const auto old = ask(server, classic, sample.at);
    BOOST_REQUIRE(old.has_value());
    BOOST_TEST((old->reply.from == got->reply.from));
    BOOST_TEST(old->answer.source_address->to_string() == sample.from);
    BOOST_TEST(old->answer.changed_address->to_string() == sample.other);
    BOOST_TEST((old->answer.mapped == kClient));
    BOOST_TEST(!old->answer.xor_mapped.has_value());
    BOOST_TEST(!old->answer.other_address.has_value());
}

BOOST_AUTO_TEST_CASE(one_address_alone_answers_but_cannot_change) {
    ServerConfig config = two_addresses();
    config.alternate_address.reset();
    Server server(config, kSecret);
    const auto plain = ask(server, request());
    BOOST_REQUIRE(plain.has_value());
    BOOST_TEST(!plain->answer.other_address.has_value());
    Message changing = request();
    changing.change = ChangeRequest{false, true};
    const auto refused = ask(server, changing);
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST(refused->answer.error->number == 420);
    const std::vector<std::uint16_t> types{attribute::kChangeRequest};
    BOOST_TEST(refused->answer.unknown_attributes == types);
    Message unchanging = classic_request();
    unchanging.change = ChangeRequest{};
    BOOST_TEST(!ask(server, unchanging)->answer.error.has_value());
}

BOOST_AUTO_TEST_CASE(an_unknown_required_attribute_gets_420_that_names_it) {
    Server server(two_addresses(), kSecret);
    // RESPONSE-ADDRESS of RFC 3489, with which anyone could aim an answer at anybody, and 0x7fff
    const auto bytes =
        hex("00010018 2112a442 000102030405060708090a0b"
            "0002000c 0001000a0102030400000000 7fff0004 00000000");
    const auto reply = server.handle({bytes, kClient, kMain}, Instant{});
    BOOST_REQUIRE(reply.has_value());
    const auto answer = parse_message(reply->bytes);
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST((answer->kind == MessageClass::error));
    BOOST_TEST(answer->error->number == 420);
    const std::vector<std::uint16_t> types{0x0002, 0x7fff};
    BOOST_TEST(answer->unknown_attributes == types);
    BOOST_TEST(reply->bytes.size() * 10 <= bytes.size() * 16);
    BOOST_TEST((reply->to == kClient));
}

BOOST_AUTO_TEST_CASE(an_unknown_optional_attribute_is_skipped) {
    Server server(two_addresses(), kSecret);
    const auto bytes = hex("00010008 2112a442 000102030405060708090a0b 80220004 61626364");
    const auto reply = server.handle({bytes, kClient, kMain}, Instant{});
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST((parse_message(reply->bytes)->kind == MessageClass::success));
}

BOOST_AUTO_TEST_CASE(response_port_changes_the_port_and_never_the_address) {
    Server server(two_addresses(), kSecret);
    Message asked = request();
    asked.response_port = Port{5555};
    const auto got = ask(server, asked);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST((got->reply.to == Endpoint{kClient.address, {5555}}));
    BOOST_TEST((got->answer.xor_mapped == kClient));
}

BOOST_AUTO_TEST_CASE(padding_is_answered_with_padding_no_longer_than_asked) {
    Server server(two_addresses(), kSecret);
    for (const auto& [asked, given] : {std::pair{0, 0}, {64, 64}, {1500, 1500}, {9000, 1500}}) {
        Message padded = request();
        padded.padding = static_cast<std::uint16_t>(asked);
        const auto got = ask(server, padded);
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->answer.padding.value() == given);
    }
}

BOOST_AUTO_TEST_CASE(padding_and_response_port_together_are_a_bad_request) {
    Server server(two_addresses(), kSecret);
    Message both = request();
    both.padding = std::uint16_t{1500};
    both.response_port = Port{5555};
    const auto got = ask(server, both);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->answer.error->number == 400);
    BOOST_TEST((got->reply.to == kClient));
}

BOOST_AUTO_TEST_CASE(over_tcp_the_answer_cannot_go_another_way) {
    Server server(two_addresses(), kSecret);
    Message asked = request();
    asked.change = ChangeRequest{true, false};
    asked.response_port = Port{5555};
    const auto got = ask(server, asked, kMain, Transport::tcp);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->answer.error->number == 420);
    const std::vector<std::uint16_t> types{attribute::kChangeRequest, attribute::kResponsePort};
    BOOST_TEST(got->answer.unknown_attributes == types);
    const auto plain = ask(server, request(), {true, true}, Transport::tcp);
    BOOST_REQUIRE(plain.has_value());
    BOOST_TEST(plain->answer.other_address->to_string() == "11.0.0.2:3478");
}

BOOST_AUTO_TEST_CASE(a_fingerprint_is_answered_with_a_fingerprint) {
    Server server(two_addresses(), kSecret);
    Message asked = request();
    asked.fingerprint = true;
    BOOST_TEST(ask(server, asked)->answer.fingerprint);
    BOOST_TEST(!ask(server, request())->answer.fingerprint);
}

BOOST_AUTO_TEST_CASE(an_ipv6_client_sees_its_ipv6_endpoint) {
    ServerConfig config;
    config.address = address("2001:db8::2");
    config.alternate_address = address("2001:db8::3");
    Server server(config, kSecret);
    const Endpoint client = endpoint("[2001:db8:1::9]:4000");
    const auto bytes = write_message(request());
    const auto reply = server.handle({bytes, client, kMain}, Instant{});
    BOOST_REQUIRE(reply.has_value());
    const auto answer = parse_message(reply->bytes);
    BOOST_TEST((answer->xor_mapped == client));
    BOOST_TEST(answer->other_address->to_string() == "[2001:db8::3]:3479");
}

BOOST_AUTO_TEST_CASE(only_binding_requests_of_possible_clients_are_answered) {
    Server server(two_addresses(), kSecret);
    for (const MessageClass kind :
         {MessageClass::indication, MessageClass::success, MessageClass::error}) {
        Message other = request();
        other.kind = kind;
        BOOST_TEST(!ask(server, other).has_value());
    }
    Message allocate = request();
    allocate.method = 3;
    BOOST_TEST(!ask(server, allocate).has_value());
    BOOST_TEST(server.count(Verdict::not_a_request) == 4);
    const auto bytes = write_message(request());
    for (const char* source :
         {"0.0.0.0:99", "224.0.0.1:99", "255.255.255.255:99", "[ff02::1]:99", "[::]:99"}) {
        BOOST_TEST(!server.handle({bytes, endpoint(source), kMain}, Instant{}).has_value());
    }
    BOOST_TEST(!server.handle({bytes, {kClient.address, Port{0}}, kMain}, Instant{}).has_value());
    BOOST_TEST(server.count(Verdict::bad_source) == 6);
    BOOST_TEST(!server.handle({as_bytes("hello"), kClient, kMain}, Instant{}).has_value());
    BOOST_TEST(server.count(Verdict::malformed) == 1);
}

BOOST_AUTO_TEST_CASE(a_flood_from_one_network_gets_its_allowance_and_mostly_short_answers) {
    Server server(two_addresses(), kSecret);
    const auto bytes = write_message(request());
    BOOST_REQUIRE(bytes.size() == 20);
    std::size_t answers = 0;
    std::size_t large = 0;
    for (std::uint32_t i = 0; i < 100000; ++i) {  // ten seconds, 10 000 a second, a whole /24
        const Endpoint source{Ip4{Ip4::of(198, 51, 100, 0).value + i % 256}, {4000}};
        const auto reply = server.handle({bytes, source, kMain}, Instant{} + i * Duration(100us));
        if (!reply) continue;
        ++answers;
        if (reply->bytes.size() * 10 > bytes.size() * 16) ++large;
    }
    BOOST_TEST(answers >= 690);
    BOOST_TEST(answers <= 200 + 50 * 10);
    BOOST_TEST(large <= 100 + 20 * 10);
    // somebody else is still answered in full
    BOOST_TEST(ask(server, request(), kMain, Transport::udp, Instant{} + 10s)
                   ->answer.other_address.has_value());
}

BOOST_AUTO_TEST_CASE(a_flood_from_everywhere_gets_the_allowance_of_all) {
    Server server(two_addresses(), kSecret);
    SeededRandom random(3);
    const auto bytes = write_message(request());
    std::size_t in = 0;
    std::size_t out = 0;
    std::size_t answers = 0;
    for (std::uint32_t i = 0; i < 200000; ++i) {
        const Endpoint source{
            Ip4{static_cast<std::uint32_t>(random.between(0x01000000, 0xdfffffff))}, {4000}};
        const auto reply = server.handle({bytes, source, kMain}, Instant{} + i * Duration(10us));
        in += bytes.size();
        if (reply) out += reply->bytes.size();
        if (reply) ++answers;
    }
    BOOST_TEST(answers <= 2000U + 2U * 2000U);
    BOOST_TEST(answers >= 5900U);
    BOOST_TEST(out * 10 <= in);  // two seconds at 100 000 a second: far less leaves than came
}

BOOST_AUTO_TEST_CASE(no_answer_is_larger_than_the_header_comment_of_the_server_says) {
    Server server(two_addresses(), kSecret);
    BOOST_TEST(ask(server, request())->reply.bytes.size() == 68);
    ServerConfig config = two_addresses();
    config.allowances.per_network_large.burst = 0;
    Server tired(config, kSecret);
    const auto shortened = ask(tired, request());
    BOOST_TEST(shortened->reply.bytes.size() == 32);
    BOOST_TEST((shortened->answer.xor_mapped == kClient));
    BOOST_TEST(ask(tired, classic_request())->reply.bytes.size() == 32);
}

BOOST_AUTO_TEST_SUITE_END()
