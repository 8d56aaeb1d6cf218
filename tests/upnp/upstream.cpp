// SPDX-License-Identifier: GPL-2.0-or-later
//
// The router beyond this one: what is said to it, what it may say, and what a device of the house
// hears meanwhile.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "tests/upnp/device.h"
#include "upnp/pcp.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr Ip4 kOwn = Ip4::of(192, 168, 0, 50);
constexpr Ip4 kBeyond = Ip4::of(192, 168, 0, 1);
constexpr Ip4 kPublic = Ip4::of(11, 0, 0, 9);

// A gateway beyond in one or more languages, which answers whatever it is asked.
struct Beyond {
    explicit Beyond(std::string_view spoken, bool with_two_kinds = false)
        : languages(spoken), two_kinds(with_two_kinds) {
        device.nat.event(nat::OutsideChanged{{kOwn}});
        device.room->settle(device.nat.now, device.effects);
        answer_all();
    }

    bool speaks(std::string_view language) const {
        return languages.find(language) != std::string::npos;
    }

    // Until nobody has anything to say.
    void answer_all() {
        for (int turns = 0; turns < 50; ++turns) {
            const bool asks = std::exchange(device.effects.ask_gateway, false);
            const auto sends = std::exchange(device.effects.upstream_sends, {});
            const auto fetches = std::exchange(device.effects.fetches, {});
            if (!asks && sends.empty() && fetches.empty()) return;
            if (asks) device.handle(GatewaySeen{kBeyond});
            for (const UpstreamSend& one : sends)
                answer(one);
            for (const Fetch& one : fetches)
                device.handle(FetchDone{one.id, silent ? "" : answer_http(one.message)});
        }
    }

    void answer(const UpstreamSend& send) {
        if (silent || send.to.address != kBeyond) return;
        std::string bytes;
        if (send.to.port == kSsdpPort && speaks("igd")) {
            bytes = concat(
                "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
                "LOCATION: http://192.168.0.1:80/d.xml\r\nBOOTID.UPNP.ORG: ",
                boot, "\r\n\r\n");
        } else if (send.to.port == kMappingPort) {
            bytes = answer_mapper(as_bytes(send.bytes));
        }
        if (!bytes.empty()) device.handle(UpstreamDatagram{send.to, bytes});
    }

    std::uint32_t epoch() const {
        return static_cast<std::uint32_t>(whole_seconds(device.nat.now - started));
    }

    std::string answer_mapper(Bytes request) {
        ByteReader in(request);
        const std::uint8_t version = in.u8();
        const std::uint8_t opcode = in.u8();
        ByteWriter out(1100);
        if (version == 2 && !speaks("pcp")) {
            if (!speaks("natpmp")) return {};
            out.u16(0);
            out.u16(1);  // unsupported version
            out.u32(epoch());
            return std::string(as_text(out.view()));
        }
        if (version == 0 && !speaks("natpmp")) return {};
        out.u8(version);
        out.u8(static_cast<std::uint8_t>(opcode | 128U));
        if (version == 0) {
            in.skip(2);
            const Port inside{in.u16()};
            const Port wanted{in.u16()};
            const std::uint32_t life = in.u32();
            out.u16(0);
            out.u32(epoch());
            if (opcode == 0) {
                write_ip4(out, address);
            } else {
                const bool is_taken = taken.contains(wanted.number);
                note(opcode == 1 ? Proto::udp : Proto::tcp, inside, life, is_taken);
                out.u16(inside.number);
                out.u16(is_taken ? 40000 : wanted.number);
                out.u32(life);
            }
            return std::string(as_text(out.view()));
        }
        in.skip(2);
        const std::uint32_t life = in.u32();
        in.skip(16);
        const auto nonce = in.array<12>();
        const std::uint8_t proto = in.u8();
        in.skip(3);
        const Port inside{in.u16()};
        const Port wanted{in.u16()};
        const bool refuses = opcode == 1 && life > 0 && taken.contains(wanted.number);
        if (opcode == 1) note(static_cast<Proto>(proto), inside, life, refuses);
        out.u8(0);
        out.u8(refuses ? 11 : 0);
        out.u32(refuses ? 30 : life);
        out.u32(epoch());
        out.zeros(12);
        if (opcode != 1) return std::string(as_text(out.view()));
        out.bytes(nonce);
        out.u8(proto);
        out.zeros(3);
        out.u16(inside.number);
        out.u16(wanted.number);
        out.bytes(pcp::mapped(address).bytes);
        return std::string(as_text(out.view()));
    }

    static std::string whole(unsigned status, std::string_view body) {
        return concat("HTTP/1.1 ", status, " X\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
    }

    std::string answer_http(std::string_view request) {
        if (request.starts_with("GET /d.xml ")) {
            const auto service = [](std::string_view type, std::string_view control) {
                return concat("<service><serviceType>urn:schemas-upnp-org:service:", type,
                              ":1</serviceType><controlURL>", control, "</controlURL></service>");
            };
            return whole(200, concat("<root><device><serviceList>",
                                     two_kinds ? service("WANPPPConnection", "/c") : "",
                                     service("WANIPConnection", two_kinds ? "/unused" : "/c"),
                                     "</serviceList></device></root>"));
        }
        if (request.starts_with("POST /unused ")) return refuse("501");
        const auto call = parse_soap(request.substr(request.find("\r\n\r\n") + 4));
        if (!call || !request.starts_with("POST /c ")) return whole(404, "");
        if (call->action == "GetExternalIPAddress") {
            return whole(200, write_soap_answer(call->service, call->action,
                                                {{"NewExternalIPAddress", address.to_string()}}));
        }
        const std::string* port = call->find("NewExternalPort");
        const std::string* proto = call->find("NewProtocol");
        const std::string* life = call->find("NewLeaseDuration");
        const auto number = parse_number<std::uint16_t>(*port).value_or(0);
        if (call->action == "GetSpecificPortMappingEntry") {
            ++looked;
            const bool known =
                held.contains(concat(*proto == "TCP" ? "tcp " : "udp ", number)) && !forgetful;
            return known ? whole(200, write_soap_answer(call->service, call->action, {}))
                         : refuse("714");
        }
        if (life != nullptr && only_permanent && *life != "0") return refuse("725");
        const bool is_taken = life != nullptr && taken.contains(number);
        note(*proto == "TCP" ? Proto::tcp : Proto::udp, Port{number},
             life == nullptr ? 0 : std::max(1U, *parse_number<std::uint32_t>(*life)), is_taken);
        return is_taken ? refuse("718") : whole(200, write_soap_answer(call->service, "X", {}));
    }

    static std::string refuse(std::string_view code) {
        return whole(500,
                     concat("<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>", code,
                            "</errorCode></UPnPError></detail></s:Fault></s:Body>"
                            "</s:Envelope>"));
    }

    void note(Proto proto, Port port, std::uint32_t life, bool refused) {
        if (port == Upstream::kProbePort || refused) return;
        const std::string place = concat(to_string(proto), ' ', port.number);
        if (life == 0) {
            held.erase(place);
        } else {
            held[place] = life;
            ++asked;
        }
    }

    void pass(Duration time) {
        const Instant end = device.nat.now + time;
        for (int turns = 0; turns < 100000 && device.nat.now < end; ++turns) {
            const auto next = device.room->next_deadline();
            device.pass(next && *next < end ? std::max(*next - device.nat.now, Duration(1ms))
                                            : end - device.nat.now);
            device.handle(upnp::TimerFired{});
            answer_all();
        }
    }

    // What the client of a call hears in the end: "ok" or the error.
    std::string outcome(std::string_view action, const Fields& arguments,
                        ServiceKind kind = ServiceKind::wan_ip1) {
        HttpAnswer answer = device.call(kind, action, arguments);
        for (int turns = 0; answer.later != 0 && turns < 100; ++turns) {
            answer_all();
            for (HttpLater& one : std::exchange(device.effects.http_answers, {})) {
                if (one.later == answer.later) answer = std::move(one.answer);
            }
            if (answer.later != 0) pass(100ms);
        }
        last_body = answer.body;
        if (answer.later != 0) return "nothing";
        return answer.status == 200 ? "ok" : element(answer.body, "errorCode");
    }
    std::string external() {
        return element(device.call(ServiceKind::wan_ip1, "GetExternalIPAddress").body,
                       "NewExternalIPAddress");
    }
    std::string state() const {
        return std::string(to_string(device.room->upstream().facts(device.nat.now).state));
    }

    std::string languages;
    bool two_kinds;  // of connections, of which one is not used
    Ip4 address = kPublic;
    std::set<std::uint16_t> taken;
    bool silent = false;
    bool only_permanent = false;
    bool forgetful = false;  // it says that it knows no port
    unsigned looked = 0;     // how often it was asked for one
    std::string boot = "1";
    Device device;
    Instant started = device.nat.now;
    std::map<std::string, std::uint32_t> held;  // with the life that was asked for
    unsigned asked = 0;
    std::string last_body;
};

const std::vector<std::string> kLanguages{"pcp", "natpmp", "igd"};

}  // namespace

BOOST_AUTO_TEST_SUITE(router_beyond)

BOOST_DATA_TEST_CASE(in_each_language_a_port_opens_and_closes_with_the_one_here,
                     boost::unit_test::data::make(kLanguages), language) {
    Beyond beyond(language);
    beyond.pass(15s);
    BOOST_TEST(beyond.state() == "works");
    BOOST_TEST(beyond.external() == "11.0.0.9");
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    BOOST_TEST(beyond.held.contains("tcp 7000"));
    BOOST_TEST(beyond.outcome("DeletePortMapping", place_fields("7000")) == "ok");
    beyond.pass(2s);
    BOOST_TEST(beyond.held.empty());
}

BOOST_DATA_TEST_CASE(what_is_taken_there_is_given_back_here,
                     boost::unit_test::data::make(kLanguages), language) {
    Beyond beyond(language);
    beyond.pass(15s);
    beyond.taken = {7000, 7001};
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "718");
    BOOST_TEST(beyond.device.forwards() == 0U);
    // Who takes any port gets one that is free at both.
    BOOST_TEST(beyond.outcome("AddAnyPortMapping", add_fields("7000", "7000", "192.168.1.10"),
                              ServiceKind::wan_ip2) == "ok");
    BOOST_TEST(element(beyond.last_body, "NewReservedPort") == "7002");
    BOOST_TEST(beyond.held.contains("tcp 7002"));
    BOOST_TEST(beyond.device.forwards() == 1U);
}

BOOST_DATA_TEST_CASE(it_is_renewed_before_it_ends, boost::unit_test::data::make(kLanguages),
                     language) {
    Beyond beyond(language);
    beyond.pass(15s);
    BOOST_TEST(beyond.outcome("AddPortMapping",
                              add_fields("7000", "7000", "192.168.1.10", "TCP", "600")) == "ok");
    const unsigned asked = beyond.asked;
    beyond.pass(310s);
    BOOST_TEST(beyond.asked == asked + 1);
    beyond.pass(300s);
    BOOST_TEST(beyond.held.empty());
}

BOOST_DATA_TEST_CASE(what_it_has_forgotten_is_asked_for_again,
                     boost::unit_test::data::make(kLanguages), language) {
    Beyond beyond(language);
    beyond.pass(60s);
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    beyond.held.clear();
    beyond.started = beyond.device.nat.now;
    beyond.boot = "2";
    beyond.pass(25s);
    BOOST_TEST(beyond.held.contains("tcp 7000"));
    BOOST_TEST(beyond.state() == "works");
}

// To all, in both languages, as a router does that has just started.
// One of the old kind, which tells nothing of its starts.
BOOST_AUTO_TEST_CASE(an_igd_that_says_nothing_of_its_start_is_caught_by_what_it_has_forgotten) {
    Beyond beyond("igd");
    beyond.boot.clear();
    for (const char* port : {"6881", "6882", "6883"}) {
        BOOST_TEST(beyond.outcome("AddPortMapping", add_fields(port, port, "192.168.1.10")) ==
                   "ok");
    }
    beyond.pass(100s);
    BOOST_TEST(beyond.asked == 3U);
    BOOST_TEST(beyond.looked >= 4U);
    beyond.held.clear();
    beyond.pass(25s);
    BOOST_TEST(beyond.held.size() == 3U);
    BOOST_TEST(beyond.asked == 6U);
    BOOST_TEST(beyond.state() == "works");
    // And a second time.
    beyond.pass(60s);
    beyond.held.clear();
    beyond.pass(25s);
    BOOST_TEST(beyond.held.size() == 3U);
    // One port that is closed here meanwhile means nothing.
    beyond.pass(60s);
    BOOST_TEST(beyond.outcome("DeletePortMapping", place_fields("6881")) == "ok");
    beyond.pass(100s);
    BOOST_TEST(beyond.asked == 9U);
}

BOOST_AUTO_TEST_CASE(a_modem_that_describes_two_kinds_of_connections_is_used_by_that_which_works) {
    Beyond beyond("igd", true);
    beyond.pass(10s);
    BOOST_TEST(beyond.state() == "works");
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("6881", "6881", "192.168.1.10")) ==
               "ok");
    BOOST_TEST(beyond.held.size() == 1U);
    Beyond down("igd", true);
    down.address = Ip4{};
    down.silent = true;
    down.pass(120s);
    down.silent = false;
    down.pass(700s);
    BOOST_TEST(down.state() == "absent");
    down.address = kPublic;
    down.pass(700s);
    BOOST_TEST(down.state() == "works");
}

BOOST_AUTO_TEST_CASE(an_igd_that_never_knows_its_ports_is_not_asked_for_ever) {
    Beyond beyond("igd");
    beyond.forgetful = true;
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("6881", "6881", "192.168.1.10")) ==
               "ok");
    beyond.pass(600s);
    BOOST_TEST(beyond.looked == 2U);
    BOOST_TEST(beyond.asked == 2U);
    BOOST_TEST(beyond.state() == "works");
}

BOOST_DATA_TEST_CASE(a_restart_that_it_announces_brings_the_ports_back_at_once,
                     boost::unit_test::data::make({"pcp", "natpmp", "natpmp pcp"}), languages) {
    Beyond beyond(languages);
    beyond.pass(60s);
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    beyond.held.clear();
    beyond.started = beyond.device.nat.now;
    for (const std::string& one : {natpmp::announcement(kPublic, 0), pcp::announcement(0)})
        beyond.device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, one});
    beyond.answer_all();
    beyond.pass(5s);  // until it is clear that PCP is not spoken
    BOOST_TEST(beyond.held.contains("tcp 7000"));
    BOOST_TEST(beyond.state() == "works");
}

// Where it speaks both, its word of NAT-PMP must not end the question whether it speaks PCP: what
// was mapped by PCP cannot be had by NAT-PMP.
BOOST_AUTO_TEST_CASE(a_word_of_natpmp_in_the_midst_of_a_question_of_pcp_changes_no_language) {
    Beyond beyond("natpmp pcp");
    beyond.pass(60s);
    beyond.started = beyond.device.nat.now;
    auto& device = beyond.device;
    device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, pcp::announcement(0)});
    device.effects.ask_gateway = false;
    device.handle(GatewaySeen{kBeyond});
    device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, natpmp::announcement(kPublic, 0)});
    beyond.answer_all();
    BOOST_CHECK(device.room->upstream().facts(device.nat.now).language == UpstreamLanguage::pcp);
    BOOST_TEST(beyond.state() == "works");
}

// As while it gets another address, or is busy with its start.
BOOST_AUTO_TEST_CASE(one_that_has_ports_by_pcp_is_not_asked_by_natpmp_because_it_takes_its_time) {
    Beyond beyond("natpmp pcp");
    beyond.pass(60s);
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    auto& device = beyond.device;
    beyond.started = device.nat.now;
    beyond.silent = true;
    device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, pcp::announcement(0)});
    beyond.pass(3s);
    beyond.silent = false;
    beyond.pass(5s);
    BOOST_CHECK(device.room->upstream().facts(device.nat.now).language == UpstreamLanguage::pcp);
    BOOST_TEST(beyond.state() == "works");
}

// After a power cut the routers come back in any order.
BOOST_DATA_TEST_CASE(one_that_announces_itself_after_it_was_given_up_is_used_at_once,
                     boost::unit_test::data::make({"pcp", "natpmp"}), language) {
    Beyond beyond(language);
    beyond.silent = true;
    beyond.device.nat.event(nat::OutsideChanged{{}});
    beyond.pass(1s);
    beyond.device.nat.event(nat::OutsideChanged{{kOwn}});
    beyond.pass(200s);
    BOOST_TEST(beyond.state() == "absent");
    beyond.silent = false;
    const bool pcp = std::string_view(language) == "pcp";
    beyond.device.handle(UpstreamDatagram{
        {kBeyond, kMappingPort}, pcp ? pcp::announcement(0) : natpmp::announcement(kPublic, 0)});
    beyond.answer_all();
    beyond.pass(5s);
    BOOST_TEST(beyond.state() == "works");
}

// Its own gateway has got an address meanwhile. By PCP alone the epoch may not tell.
BOOST_DATA_TEST_CASE(one_that_was_behind_another_and_finds_its_way_out_is_used_at_once,
                     boost::unit_test::data::make({"pcp", "natpmp", "natpmp pcp"}), languages) {
    Beyond beyond(languages);
    beyond.address = Ip4::of(192, 168, 7, 2);
    beyond.pass(5s);
    beyond.device.handle(UpstreamDatagram{{kBeyond, kMappingPort},
                                          natpmp::announcement(beyond.address, beyond.epoch())});
    beyond.device.handle(
        UpstreamDatagram{{kBeyond, kMappingPort}, pcp::announcement(beyond.epoch())});
    beyond.answer_all();
    beyond.pass(5s);
    BOOST_TEST(beyond.state() == "private");
    beyond.address = kPublic;
    beyond.started = beyond.device.nat.now;
    for (const std::string& one : {natpmp::announcement(kPublic, 0), pcp::announcement(0)})
        beyond.device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, one});
    beyond.answer_all();
    beyond.pass(5s);
    BOOST_TEST(beyond.state() == "works");
    BOOST_TEST(beyond.external() == "11.0.0.9");
    BOOST_TEST(beyond.device.room->upstream().facts(beyond.device.nat.now).reason.empty());
}

BOOST_DATA_TEST_CASE(an_address_that_it_announces_is_told_to_the_house_at_once,
                     boost::unit_test::data::make({"pcp", "natpmp"}), language) {
    Beyond beyond(language);
    beyond.pass(60s);
    beyond.address = Ip4::of(11, 0, 0, 10);
    const std::string news = natpmp::announcement(beyond.address, beyond.epoch());
    beyond.device.handle(UpstreamDatagram{{Ip4::of(192, 168, 0, 7), kMappingPort}, news});
    BOOST_TEST(beyond.external() == "11.0.0.9");
    beyond.device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, news});
    BOOST_TEST(beyond.external() == "11.0.0.10");
}

BOOST_AUTO_TEST_CASE(one_that_is_silent_holds_up_nobody_for_long_and_the_truth_is_told) {
    Beyond beyond("pcp");
    beyond.pass(1s);
    beyond.silent = true;
    const Instant before = beyond.device.nat.now;
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    BOOST_TEST((beyond.device.nat.now - before <= 4s));
    BOOST_TEST(beyond.external() == "192.168.0.50");
    beyond.pass(20s);
    BOOST_TEST(beyond.state() == "absent");
    beyond.silent = false;
    beyond.pass(10min);
    BOOST_TEST(beyond.state() == "works");
    BOOST_TEST(beyond.held.contains("tcp 7000"));
}

BOOST_AUTO_TEST_CASE(one_that_is_behind_another_itself_promises_no_address_of_the_internet) {
    Beyond beyond("natpmp");
    beyond.address = Ip4::of(100, 64, 1, 2);
    beyond.pass(15s);
    beyond.device.handle(upnp::TimerFired{});
    beyond.pass(30s);
    BOOST_TEST(beyond.state() == "private");
    BOOST_TEST(beyond.external() == "192.168.0.50");
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    beyond.pass(1s);
    BOOST_TEST(beyond.held.contains("tcp 7000"));
}

BOOST_AUTO_TEST_CASE(one_that_knows_no_end_is_asked_without) {
    Beyond beyond("igd");
    beyond.only_permanent = true;
    beyond.pass(15s);
    BOOST_TEST(beyond.outcome("AddPortMapping", add_fields("7000", "7000", "192.168.1.10")) ==
               "ok");
    BOOST_TEST(beyond.held.contains("tcp 7000"));
}

BOOST_AUTO_TEST_CASE(on_the_internet_nobody_is_asked) {
    Device device;
    device.pass(1min);
    BOOST_TEST(device.effects.upstream_sends.empty());
    BOOST_TEST(!device.effects.ask_gateway);
    BOOST_CHECK(device.room->upstream().state() == UpstreamState::unneeded);
}

BOOST_AUTO_TEST_CASE(a_datagram_is_answered_when_both_have_the_port_and_once) {
    Beyond beyond("pcp");
    beyond.pass(1s);
    auto& device = beyond.device;
    const std::string map =
        "00010000"
        "1b581b58"
        "00000e10";  // UDP 7000 for an hour
    BOOST_TEST(device.udp(map) == "silence");
    BOOST_TEST(device.udp(map) == "silence");
    device.effects.sends.clear();
    beyond.answer_all();
    unsigned answers = 0;
    for (const upnp::Send& one : device.effects.sends) {
        if (one.bytes.size() == 16) ++answers;
    }
    BOOST_TEST(answers == 1U);
    BOOST_TEST(beyond.held.contains("udp 7000"));
}

BOOST_AUTO_TEST_CASE(only_the_gateway_itself_is_believed) {
    Beyond beyond("pcp");
    beyond.pass(1s);
    auto& device = beyond.device;
    beyond.silent = true;
    const HttpAnswer answer = device.call(ServiceKind::wan_ip1, "AddPortMapping",
                                          add_fields("7000", "7000", "192.168.1.10"));
    BOOST_TEST(answer.later != 0U);
    const std::string reply =
        beyond.answer_mapper(as_bytes(device.effects.upstream_sends.back().bytes));
    device.handle(UpstreamDatagram{{Ip4::of(192, 168, 0, 7), kMappingPort}, reply});
    BOOST_TEST(device.effects.http_answers.empty());
    std::string other_nonce = reply;
    other_nonce[24] = static_cast<char>(other_nonce[24] ^ 1);
    device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, other_nonce});
    BOOST_TEST(device.effects.http_answers.empty());
    device.handle(UpstreamDatagram{{kBeyond, kMappingPort}, reply});
    BOOST_TEST(device.effects.http_answers.size() == 1U);
}

namespace {

struct UrlCase {
    const char* text;
    const char* wanted;  // "" for none
};
std::ostream& operator<<(std::ostream& out, const UrlCase& one) {
    return out << one.text;
}
const std::vector<UrlCase> kUrls{
    {"http://192.168.0.1:5000/a/b.xml", "192.168.0.1:5000 /a/b.xml"},
    {"HTTP://192.168.0.1", "192.168.0.1:80 /"},
    {" /ctl/ip ", "10.0.0.1:49152 /ctl/ip"},
    {"ctl/ip?x=1", "10.0.0.1:49152 /igd/ctl/ip?x=1"},
    {"http://router.local/a", ""},
    {"https://192.168.0.1/a", ""},
    {"http://192.168.0.1:0/a", ""},
    {"http://192.168.0.1:70000/a", ""},
    {"http://user@192.168.0.1/a", ""},
    {"/a b", ""},
    {"/a\r\nX: y", ""},
    {"", ""},
};

}  // namespace

BOOST_DATA_TEST_CASE(addresses_of_a_description_are_literal_ones,
                     boost::unit_test::data::make(kUrls), one) {
    const upstream::Url base{{Ip4::of(10, 0, 0, 1), Port{49152}}, "/igd/root.xml"};
    const auto url = gatehouse::upnp::upstream::parse_url(one.text, &base);
    BOOST_TEST((url ? concat(url->server.to_string(), ' ', url->path) : "") == one.wanted);
}

BOOST_AUTO_TEST_CASE(a_document_is_read_as_it_was_sent_and_no_further) {
    using gatehouse::upnp::upstream::is_whole;
    using gatehouse::upnp::upstream::parse_document;
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    for (std::size_t n = 0; n + 2 < chunked.size(); ++n)
        BOOST_TEST(!is_whole(chunked.substr(0, n)));
    BOOST_TEST(parse_document(chunked)->body == "abcde");
    const std::string plain = "HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nabcdef";
    BOOST_TEST(is_whole(plain));
    BOOST_TEST(parse_document(plain)->body == "abc");
    BOOST_TEST(parse_document(plain)->status == 500U);
    BOOST_TEST(!parse_document("HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nabc"));
    BOOST_TEST(!parse_document("HTTP/1.1 200"));
    BOOST_TEST(!parse_document("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nfffffff0\r\n"));
    // Without a length it ends with the connection.
    BOOST_TEST(!is_whole("HTTP/1.0 200 X\r\n\r\nabc"));
    BOOST_TEST(parse_document("HTTP/1.0 200 X\r\n\r\nabc")->body == "abc");
}

BOOST_AUTO_TEST_CASE(a_description_leads_nowhere_but_to_its_gateway) {
    using gatehouse::upnp::upstream::find_connection;
    const upstream::Url from{{kBeyond, Port{80}}, "/d.xml"};
    const auto described = [](std::string_view base, std::string_view control) {
        return concat("<?xml version=\"1.0\"?><root xmlns=\"urn:x\"><URLBase>", base,
                      "</URLBase><device><deviceList><device><serviceList><service><serviceType>"
                      "urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType><controlURL>",
                      control,
                      "</controlURL></service></serviceList></device></deviceList>"
                      "</device></root>");
    };
    const auto good = find_connection(described("", "/ctl"), from);
    BOOST_REQUIRE(good.has_value());
    BOOST_TEST(good->service == "urn:schemas-upnp-org:service:WANPPPConnection:1");
    BOOST_TEST(good->control.path == "/ctl");
    BOOST_TEST(find_connection(described("http://192.168.0.1:5555/", "/ctl"), from)
                   ->control.server.port.number == 5555U);
    BOOST_TEST(find_connection(described("http://10.9.9.9:22/", "/ctl"), from)
                   ->control.server.port.number == 80U);
    BOOST_TEST(!find_connection(described("", "http://10.9.9.9/ctl"), from).has_value());
    BOOST_TEST(!find_connection(concat("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
                                       described("", "/&e;")),
                                from)
                    .has_value());
    BOOST_TEST(!find_connection(std::string(5000, '<'), from).has_value());
    std::string deep;
    for (int i = 0; i < 4000; ++i)
        deep += "<a>";
    BOOST_TEST(!find_connection(deep, from).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
