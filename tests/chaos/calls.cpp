// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/calls.h"

#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/sip.h"

namespace gatehouse::chaos {

namespace {

constexpr const char* kPhone = "192.168.1.20";
constexpr const char* kServer = "11.0.0.2:5060";
constexpr const char* kSoundOfServer = "11.0.0.3:9002";
constexpr unsigned kFirstPort = 41000, kPorts = 500;
constexpr int kPackets = 50;
constexpr int kTries = 7;  // RFC 3261 section 17.1.1.2: until timer B fires

unsigned media_port(std::size_t call) {
    return kFirstPort + 2 * static_cast<unsigned>(call % kPorts);
}

// The next message about this request; what is late of an earlier one is none.
std::optional<Datagram> about(std::string_view request, const UdpSocket& socket, Duration limit) {
    const std::string number = concat("\r\nCSeq: ", number_after(request, "\r\nCSeq: "), " ");
    const Deadline end(limit);
    while (!end.over()) {
        auto got = socket.receive(std::chrono::milliseconds(end.milliseconds_left()));
        if (got && has(got->data, number)) return got;
    }
    return std::nullopt;
}

// What of these packets is still to come and comes now.
int heard(const UdpSocket& socket, int most) {
    int count = 0;
    while (count < most && socket.receive(500ms))
        ++count;
    return count;
}

}  // namespace

Calls::Calls(const House& house)
    : house_(house),
      phone_(house.phone.udp(concat(kPhone, ":5060"))),
      server_(house.internet.udp(kServer)),
      sound_of_server_(house.internet.udp(kSoundOfServer)) {}

std::string Calls::request(std::string_view method, std::string_view body) {
    std::string out = sip_request(method, kPhone, "UDP", ++number_, body);
    const std::string_view id = "Call-ID: ";
    return out.insert(out.find(id) + id.size(), concat("soak-", made_, "@"));
}

std::optional<std::string> Calls::answered(const std::string& request,
                                           std::string_view body) const {
    Duration wait = 500ms;
    for (int tries = 0; tries < kTries; ++tries, wait *= 2) {
        phone_.send_to(kServer, request);
        const auto got = about(request, server_, wait);
        if (!got) continue;
        server_.send_to(got->from, sip_answer("200 OK", got->data, body));
        if (about(request, phone_, wait)) return got->data;
    }
    return std::nullopt;
}

std::string Calls::make_one(const std::string& outside_address,
                            const std::function<void()>& meanwhile) {
    ++made_;
    const auto invite =
        answered(request("INVITE", sdp(kPhone, media_port(made_))), sdp("11.0.0.3", 9002));
    if (!invite) return "nobody answers";
    if (!has(*invite, concat("c=IN IP4 ", outside_address, "\r\n"))) {
        return concat("it does not name the router: ", *invite);
    }
    const std::string ack = request("ACK");
    phone_.send_to(kServer, ack);
    if (!about(ack, server_, 5s)) return "nobody knows that it was answered";
    const std::string wrong = talk(outside_address, number_after(*invite, "m=audio "));
    meanwhile();
    if (!answered(request("BYE"), {})) return "it does not end";
    return wrong;
}

std::string Calls::talk(const std::string& outside_address, unsigned port) const {
    const UdpSocket sound = house_.phone.udp(concat(kPhone, ":", media_port(made_)));
    const std::string to = concat(outside_address, ":", port);
    for (int i = 0; i < kPackets; ++i) {
        sound.send_to(kSoundOfServer, "sound");
        sound_of_server_.send_to(to, "sound");
        std::this_thread::sleep_for(20ms);
    }
    const int inside = heard(sound, kPackets);
    const int outside = heard(sound_of_server_, kPackets);
    if (inside == kPackets && outside == kPackets) return {};
    return concat("of ", kPackets, " packets the phone heard ", inside, ", the server ", outside);
}

}  // namespace gatehouse::chaos
