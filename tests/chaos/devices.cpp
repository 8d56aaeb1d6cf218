// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/devices.h"

#include "gateway/base/text.h"
#include "tests/lab/support/upnp.h"

namespace gatehouse::chaos {

namespace {

constexpr Ip4 kRouter = Ip4::of(192, 168, 1, 1);
constexpr const char* kPortServer = "192.168.1.1:5351";
constexpr std::size_t kMostPorts = 24;
constexpr std::uint8_t kMostLeases = 30;
constexpr std::uint32_t kAnHour = 3600;

std::string address_of(const Host& host) {
    for (const IpAddress& one : host.addresses("eth0")) {
        if (one.is_v4()) return one.to_string();
    }
    return {};
}

// Sends until an answer comes that begins so.
std::string answer_to(const UdpSocket& socket, std::string_view request, std::string_view begins,
                      std::size_t size) {
    std::string out;
    (void)eventually(
        [&] {
            socket.send_to(kPortServer, request);
            const auto got = socket.receive(500ms);
            if (!got || got->data.size() < size || !got->data.starts_with(begins)) return false;
            out = got->data;
            return true;
        },
        kPatience);
    return out;
}

std::uint16_t u16_at(std::string_view text, std::size_t at) {
    return ByteReader(as_bytes(text.substr(at))).u16();
}

std::string mapped(Ip4 address) {
    ByteWriter out;
    out.u32(0);
    out.u32(0);
    out.u32(0xffff);
    out.u32(address.value);
    return std::string(as_text(out.view()));
}

std::size_t count_of(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

Devices::Devices(House& house, const Router& router, const std::vector<const Host*>& askers,
                 Random& random)
    : house_(house),
      router_(router),
      askers_(askers),
      random_(random),
      wire_(house.pc.packets("eth0")),
      stranger_(house.internet.udp("11.0.0.4:9999")) {}

std::string Devices::want_something() {
    const std::uint64_t wish = random_.below(10);
    if (wish < 4) return open();
    if (wish < 7) return close();
    return wish < 9 ? lease() : give_back();
}

std::string Devices::open() {
    if (ports_.size() >= kMostPorts) return close();
    const std::size_t asker = random_.below(askers_.size());
    const Port inside{next_port_++};
    Promise promise{asker, static_cast<Promise::How>(random_.below(3)),
                    concat("nonce ", inside.number, "!"), inside,
                    askers_[asker]->udp(concat("0.0.0.0:", inside.number))};
    Port outside = promise.inside;
    std::string wrong = ask(promise, kAnHour, outside);
    if (wrong.empty() && ports_.count(outside.number) != 0) wrong = "a port was promised twice";
    ports_.emplace(outside.number, std::move(promise));
    return wrong;
}

std::string Devices::close() {
    if (ports_.empty()) return open();
    auto one = ports_.begin();
    std::advance(one, random_.below(ports_.size()));
    Port outside{one->first};
    std::string wrong = ask(one->second, 0, outside);
    ports_.erase(one);
    return wrong;
}

std::string Devices::ask(const Promise& promise, std::uint32_t lifetime, Port& outside) {
    switch (promise.how) {
        case Promise::How::natpmp: return ask_natpmp(promise, lifetime, outside);
        case Promise::How::pcp: return ask_pcp(promise, lifetime, outside);
        case Promise::How::igd: break;
    }
    return ask_igd(promise, lifetime, outside);
}

// RFC 6886 section 3.3.
std::string Devices::ask_natpmp(const Promise& promise, std::uint32_t lifetime, Port& outside) {
    ByteWriter request;
    request.u16(1);  // version 0, UDP
    request.u16(0);
    request.u16(promise.inside.number);
    request.u16(lifetime == 0 ? std::uint16_t{0} : outside.number);
    request.u32(lifetime);
    const UdpSocket socket = askers_[promise.asker]->udp();
    const std::string got =
        answer_to(socket, as_text(request.view()), std::string_view("\0\x81", 2), 16);
    if (got.empty()) return "no answer by NAT-PMP";
    if (u16_at(got, 2) != 0) return concat("NAT-PMP says ", u16_at(got, 2));
    outside = Port{u16_at(got, 10)};
    return {};
}

// RFC 6887 sections 7 and 11.1.
std::string Devices::ask_pcp(const Promise& promise, std::uint32_t lifetime, Port& outside) {
    ByteWriter request;
    request.u16(0x0201);  // version 2, MAP
    request.u16(0);
    request.u32(lifetime);
    request.text(mapped(address(address_of(*askers_[promise.asker])).v4()));
    request.text(promise.nonce);
    request.u32(17U << 24U);  // UDP
    request.u16(promise.inside.number);
    request.u16(outside.number);
    request.text(mapped(Ip4{}));
    const UdpSocket socket = askers_[promise.asker]->udp();
    const std::string got = answer_to(socket, as_text(request.view()), "\x02\x81", 60);
    if (got.empty()) return "no answer by PCP";
    if (got[3] != 0) return concat("PCP says ", static_cast<int>(got[3]));
    outside = Port{u16_at(got, 42)};
    return {};
}

std::string Devices::ask_igd(const Promise& promise, std::uint32_t lifetime, Port& outside) {
    const Host& host = *askers_[promise.asker];
    const std::string port = std::to_string(outside.number);
    Command words{"-d", port, "UDP"};
    if (lifetime != 0) {
        words = {"-a",  address_of(host),        std::to_string(promise.inside.number), port,
                 "UDP", std::to_string(lifetime)};
    }
    Ran ran;
    (void)eventually(
        [&] {
            ran = upnpc(host, words);
            // A request whose answer was lost may have been granted.
            return Verdict(ran.says(lifetime != 0 ? "is redirected to internal" : "returned : 0") ||
                           ran.says("NoSuchEntryInArray"));
        },
        kPatience);
    if (lifetime != 0 && !ran.says("is redirected to internal")) return ran.to_string();
    return {};
}

std::optional<Ip4> Devices::obtain(const Mac& mac) {
    const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const auto exchange = [&](DhcpQuestion question) -> std::optional<DhcpReply> {
        question.device = mac;
        question.number = ++exchange_;
        wire_.send(udp4_frame({mac, everybody, Ip4{}, Ip4{0xffffffff}}, Port{68}, Port{67},
                              as_text(encode_question(question))));
        const auto packet = wire_.receive(
            [&](const Packet& p) {
                if (p.outgoing || !p.is_udp() || p.flow.destination.port.number != 68) return false;
                const auto reply = decode_reply(as_bytes(p.payload()));
                return reply && reply->number == question.number;
            },
            2s);
        return packet ? decode_reply(as_bytes(packet->payload())) : std::nullopt;
    };
    std::optional<Ip4> out;
    (void)eventually(
        [&] {
            const auto offer = exchange({});
            if (!offer) return false;
            DhcpQuestion question;
            question.type = DhcpType::request;
            question.server = offer->server;
            question.address = offer->address;
            const auto reply = exchange(question);
            if (!reply || reply->type != DhcpType::ack) return false;
            out = reply->address;
            return true;
        },
        kPatience);
    return out;
}

std::string Devices::lease() {
    const auto number = static_cast<std::uint8_t>(random_.below(kMostLeases));
    const Mac mac{{2, 0x55, 0, 0, 0, number}};
    const auto got = obtain(mac);
    if (!got) return concat("device ", number, " gets no address");
    for (const auto& [other, held] : leases_) {
        if (other == number && held != *got) return concat("device ", number, " lost its address");
        if (other != number && held == *got) return concat(got->to_string(), " was given twice");
    }
    leases_[number] = *got;
    return {};
}

// The router does not answer to that (RFC 2131 section 4.3.4); a lost message is said again.
std::string Devices::give_back() {
    if (leases_.empty()) return lease();
    auto one = leases_.begin();
    std::advance(one, random_.below(leases_.size()));
    DhcpQuestion question;
    question.type = DhcpType::release;
    question.device = {{2, 0x55, 0, 0, 0, one->first}};
    question.server = kRouter;
    question.address = one->second;
    const std::string held = concat("\"", one->second.to_string(), "\"");
    const Verdict is_gone = eventually(
        [&] {
            question.number = ++exchange_;
            wire_.send(udp4_frame(
                {question.device, *house_.router.mac("br-lan"), question.address, question.server},
                Port{68}, Port{67}, as_text(encode_question(question))));
            const std::string rows = router_.cli({"leases", "--json"}).out;
            const std::size_t at = rows.find(held);
            const std::string_view row =
                std::string_view(rows).substr(std::min(at, rows.size()), 200);
            return Verdict(at == std::string::npos ||
                           row.substr(0, row.find('}')).find("\"bound\"") == row.npos);
        },
        kPatience);
    if (!is_gone) return concat(one->second.to_string(), " cannot be given back");
    leases_.erase(one);
    return {};
}

Verdict Devices::lists_agree(const std::string& address) const {
    const std::string forwards = router_.cli({"forwards", "--json"}).out;
    for (const auto& [outside, promise] : ports_) {
        if (count_of(forwards, concat("\"", address, ":", outside, "\"")) != 1) {
            return no_because(concat("port ", outside, " is lost: ", forwards));
        }
    }
    if (count_of(forwards, "\"id\":") != ports_.size()) {
        return no_because(concat(ports_.size(), " ports were promised: ", forwards));
    }
    const std::string leases = router_.cli({"leases", "--json"}).out;
    for (const auto& [number, held] : leases_) {
        if (count_of(leases, concat("\"", held.to_string(), "\"")) != 1) {
            return no_because(concat("the lease of ", held.to_string(), " is lost: ", leases));
        }
    }
    if (count_of(leases, "\"bound\"") != leases_.size()) {
        return no_because(concat(leases_.size(), " leases were given: ", leases));
    }
    return true;
}

Verdict Devices::strangers_reach_the_right(const std::string& address) {
    for (const auto& [outside, promise] : ports_)
        stranger_.send_to(concat(address, ":", outside), concat("for ", outside));
    for (const auto& [outside, promise] : ports_) {
        const auto got = promise.socket.receive(500ms);
        if (!got) return no_because(concat("nobody comes in by port ", outside));
        if (got->data != concat("for ", outside)) {
            return no_because(concat("by port ", outside, " comes what is ", got->data));
        }
        // What an earlier round left behind.
        while (promise.socket.receive(0ms)) {
        }
    }
    return true;
}

Verdict Devices::has_what_was_promised(const std::string& address) {
    const Verdict listed = eventually([&] { return lists_agree(address); }, kPatience);
    if (!listed) return listed;
    return eventually([&] { return strangers_reach_the_right(address); }, kPatience);
}

std::optional<Duration> Devices::time_to_answer(const std::string& address) const {
    const auto began = std::chrono::steady_clock::now();
    const UdpSocket socket = askers_.front()->udp();
    ByteWriter wanted;
    wanted.u32(lab::address(address).v4().value);
    const Verdict answered = eventually(
        [&] {
            socket.send_to(kPortServer, std::string(2, '\0'));
            const auto got = socket.receive(100ms);
            return Verdict(got && got->data.size() == 12 &&
                           got->data.substr(8) == as_text(wanted.view()));
        },
        kPatience);
    if (!answered) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
}

}  // namespace gatehouse::chaos
