// SPDX-License-Identifier: GPL-2.0-or-later
//
// A call through the whole house, while the world does to it what it does.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/world/world.h"

using namespace gatehouse;
using namespace gatehouse::world;

namespace {

const Endpoint4 kPhone{Ip4::of(192, 168, 1, 20), Port{5060}};
const Endpoint4 kServer{Ip4::of(11, 0, 9, 1), Port{5060}};

std::string invite(unsigned cseq) {
    return concat(
        "INVITE sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK1\r\n"
        "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>",
        cseq > 1 ? ";tag=2" : "", "\r\nCall-ID: 1\r\nCSeq: ", cseq,
        " INVITE\r\nContact: <sip:a@192.168.1.20>\r\nContent-Type: application/sdp\r\n\r\n"
        "v=0\r\no=a 1 1 IN IP4 192.168.1.20\r\nc=IN IP4 192.168.1.20\r\nm=audio 40000 RTP/AVP "
        "8\r\n");
}

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

bool is_open(World& world, std::uint16_t port) {
    for (const nat::Element& element : world.kernel().elements()) {
        const bool inbound =
            element.set == nat::KernelSet::inbound || element.set == nat::KernelSet::inbound_remote;
        if (inbound && element.key.port.number == port) return true;
    }
    return false;
}

struct Call {
    Call() : world(1) {
        world.start();
        world.first_packet(Proto::udp, kPhone, kServer);
        sent = world.sip(kPhone, kServer, invite(1));
    }

    World world;
    std::string sent;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sip)

BOOST_AUTO_TEST_CASE(the_kernel_has_the_ports_of_a_call_when_its_message_goes_on) {
    Call call;
    BOOST_TEST(has(call.sent, "m=audio 40000"));
    BOOST_TEST(!has(call.sent, "IP4 192.168.1.20"));
    BOOST_TEST(is_open(call.world, 40000));
    BOOST_TEST(is_open(call.world, 40001));
}

BOOST_AUTO_TEST_CASE(a_flush_by_another_program_takes_no_port_from_a_call) {
    Call call;
    call.world.flush_table();
    call.world.pass(5s);
    BOOST_TEST(is_open(call.world, 40000));
}

BOOST_AUTO_TEST_CASE(a_call_that_nobody_answers_closes_by_itself) {
    Call call;
    call.world.pass(60s);
    BOOST_TEST(!is_open(call.world, 40000));
    BOOST_TEST((call.world.kernel().elements() == call.world.house().engine().wanted()));
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_next_message_finds_the_same_ports) {
    Call call;
    call.world.kill();
    BOOST_TEST(call.world.sip(kPhone, kServer, invite(2)) == invite(2));
    call.world.start();
    const std::string again = call.world.sip(kPhone, kServer, invite(2));
    BOOST_TEST(again.substr(again.find("Contact")) == call.sent.substr(call.sent.find("Contact")));
    BOOST_TEST(is_open(call.world, 40000));
}

BOOST_AUTO_TEST_CASE(a_new_outside_address_is_told_with_the_next_message) {
    Call call;
    call.world.change([](FakeKernel& kernel) {
        kernel.find("wan0")->addresses = {{Ip4::of(11, 0, 0, 77), 24}};
    });
    call.world.pass(1s);
    call.world.first_packet(Proto::udp, kPhone, kServer);
    const std::string again = call.world.sip(kPhone, kServer, invite(2));
    BOOST_TEST(has(again, "c=IN IP4 11.0.0.77\r\nm=audio 40000"));
    BOOST_TEST(has(again, "Contact: <sip:a@11.0.0.77>"));
}

BOOST_AUTO_TEST_CASE(switching_the_gateway_off_closes_everything) {
    Call call;
    config::Config config = call.world.wanted();
    config.sip.mode = config::SipMode::off;
    call.world.reconfigure(config);
    call.world.pass(1s);
    BOOST_TEST(!is_open(call.world, 40000));
    BOOST_TEST(call.world.sip(kPhone, kServer, invite(2)) == invite(2));
}

namespace {

std::string register_text(std::string_view own, unsigned cseq) {
    return concat("REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP ", own,
                  ":5060;branch=z9hG4bKr\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\n"
                  "Call-ID: r\r\nCSeq: ",
                  cseq, " REGISTER\r\nContact: <sip:a@", own, ":5060>\r\nExpires: 7200\r\n\r\n");
}

// The phone registers; gives the Contact that the registrar has of it.
std::string registered(World& world, unsigned cseq) {
    world.first_packet(Proto::udp, kPhone, kServer);
    const std::string asked = world.sip(kPhone, kServer, register_text("192.168.1.20", cseq));
    world.sip(kServer, kPhone, concat("SIP/2.0 200 OK", asked.substr(asked.find("\r\n"))));
    const std::size_t at = asked.find("Contact: <sip:a@") + 16;
    return asked.substr(at, asked.find('>', at) - at);
}

// What the phone gets of a call to the Contact.
std::string rings(World& world, std::string_view contact) {
    return world.sip(kServer, kPhone,
                     concat("INVITE sip:a@", contact,
                            " SIP/2.0\r\nVia: SIP/2.0/UDP 11.0.9.1;branch=z9hG4bKi\r\n"
                            "From: <sip:b@x>;tag=9\r\nTo: <sip:a@x>\r\nCall-ID: i\r\n"
                            "CSeq: 1 INVITE\r\n\r\n"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_silent_phone_gets_its_call_after_an_hour) {
    World world(1);
    world.start();
    const std::string contact = registered(world, 1);
    world.pass(1h);
    BOOST_TEST(is_open(world, 5060));
    BOOST_TEST(rings(world, contact).starts_with("INVITE sip:a@192.168.1.20:5060 SIP/2.0\r\n"));
    world.pass(2h);
    BOOST_TEST(!is_open(world, 5060));
}

BOOST_AUTO_TEST_CASE(a_registered_phone_is_reached_after_any_restart_of_daemon_and_machine) {
    World world(1);
    world.start();
    const std::string contact = registered(world, 1);
    world.pass(1h);
    const auto ring = [&] {
        return rings(world, contact).starts_with("INVITE sip:a@192.168.1.20:5060 SIP/2.0\r\n");
    };
    for (const bool machine : {false, true}) {
        machine ? world.cut_power() : world.kill();
        world.pass(2min);
        world.start();
        BOOST_TEST(is_open(world, 5060));
        BOOST_TEST(ring());
    }
    // What was left when it was written, and the time that a registrar may be late.
    world.pass(2h + 1min);
    BOOST_TEST(!is_open(world, 5060));
}

BOOST_AUTO_TEST_CASE(a_call_keeps_its_ports_through_a_failure_of_the_power) {
    Call call;
    const std::string answer = concat(
        "SIP/2.0 200 OK\r\n",
        call.sent.substr(call.sent.find("Via"), call.sent.find("Contact") - call.sent.find("Via")),
        "Contact: <sip:b@11.0.9.1>\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
        "o=b 1 1 IN IP4 11.0.9.2\r\nc=IN IP4 11.0.9.2\r\nm=audio 9000 RTP/AVP 8\r\n");
    call.world.sip(kServer, kPhone, answer);
    call.world.pass(3s);
    call.world.cut_power();
    call.world.start();
    BOOST_TEST(is_open(call.world, 40000));
    call.world.pass(10min);
    BOOST_TEST(is_open(call.world, 40000));
}

BOOST_AUTO_TEST_CASE(a_silent_phone_gets_its_call_after_the_outside_address_changed) {
    World world(1);
    world.start();
    registered(world, 1);
    world.pass(20min);
    world.change([](FakeKernel& kernel) {
        kernel.find("wan0")->addresses = {{Ip4::of(11, 0, 0, 77), 24}};
    });
    world.pass(1s);
    // It is kept: the registrar hears of the new address when the phone refreshes.
    BOOST_TEST(is_open(world, 5060));
    const std::string contact = registered(world, 2);
    BOOST_TEST(contact == "11.0.0.77:5060");
    world.pass(1h);
    BOOST_TEST(is_open(world, 5060));
    BOOST_TEST(rings(world, contact).starts_with("INVITE sip:a@192.168.1.20:5060 SIP/2.0\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()
