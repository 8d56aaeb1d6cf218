// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device on a real engine in a naive kernel: outside 11.0.0.1, inside 192.168.1.0/24
// and 2001:db8:1::/64 with the router at .1 and ::1. Requests go in as a client would write them.
#pragma once

#include <memory>
#include <string>

#include "gateway/base/text.h"
#include "tests/nat/support/house.h"
#include "tests/support/soap.h"
#include "upnp/room.h"

namespace gatehouse::test {

using namespace gatehouse::upnp;

constexpr Ip4 kRouter = Ip4::of(192, 168, 1, 1);
constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kPhone = Ip4::of(192, 168, 1, 20);
inline const Mac kPcMac = *parse_mac("02:00:00:00:00:10");
inline const Mac kPhoneMac = *parse_mac("02:00:00:00:00:20");

struct Device {
    explicit Device(const config::Config& wanted = default_config(), std::string earlier = {},
                    std::string boot = "boot-1")
        : nat(wanted), boot_name(std::move(boot)) {
        nat.hosts.publish(kPc, HostSource::neighbour, kPcMac);
        nat.hosts.publish(kPhone, HostSource::neighbour, kPhoneMac);
        begin(std::move(earlier));
    }

    void begin(std::string earlier) {
        Setup setup;
        setup.identity = {1, 2};
        setup.secret = {3, 4};
        setup.boot = boot_name;
        setup.journal = std::move(earlier);
        setup.version = "1.0";
        room = std::make_unique<Room>(nat.config, *nat.engine, nat.hosts, metrics, setup, nat.now);
        nat.flush();
        handle(LansSeen{{{"lan", {{kRouter, 24}}, {{*parse_ip6("2001:db8:1::1"), 64}}}}});
    }

    void handle(const upnp::Event& event) {
        room->handle(event, nat.now, effects);
        take();
    }

    void take() {
        nat.flush();
        if (effects.replace_journal) journal = *effects.replace_journal;
        journal += effects.append_journal;
        effects.replace_journal.reset();
        effects.append_journal.clear();
    }

    // Time in which the room's timers run, and the engine's.
    void pass(Duration time, bool hosts_answer = true) {
        const Instant end = nat.now + time;
        for (int turns = 0; turns < 100000; ++turns) {
            const auto next = room->next_deadline();
            if (!next || *next > end) break;
            if (*next > nat.now) nat.pass(*next - nat.now);
            handle(upnp::TimerFired{});
            if (effects.ask_in_use && hosts_answer) {
                effects.ask_in_use = false;
                handle(ForwardsInUse{in_use});
            }
        }
        if (end > nat.now) nat.pass(end - nat.now);
        room->settle(nat.now, effects);
        take();
    }

    HttpAnswer http(HttpRequest request) {
        HttpAnswer out = room->serve(request, nat.now, effects);
        take();
        return out;
    }

    HttpRequest request(std::string method, std::string path, Ip4 client = kPc) const {
        HttpRequest out;
        out.lan = "lan";
        out.client = client;
        out.local = {kRouter, {5000}};
        out.method = std::move(method);
        out.path = std::move(path);
        out.headers = {{"Host", "192.168.1.1:5000"}};
        return out;
    }

    std::string path(ServiceKind kind, std::string_view what) const {
        const Tree tree = kind == ServiceKind::wan_ip2 || kind == ServiceKind::firewall6
                              ? Tree::igd2
                              : Tree::igd1;
        return Identity({1, 2}).service_path(tree, model_of(kind), what);
    }

    HttpAnswer call(ServiceKind kind, std::string_view action, const Fields& arguments = {},
                    Ip4 client = kPc) {
        HttpRequest out = request("POST", path(kind, "control"), client);
        out.headers.emplace_back("Content-Type", "text/xml; charset=\"utf-8\"");
        out.headers.emplace_back("SOAPAction", concat('"', model_of(kind).type, '#', action, '"'));
        out.body = soap_body(model_of(kind).type, action, arguments);
        return http(out);
    }
    // "ok", or the code of the error.
    std::string outcome(ServiceKind kind, std::string_view action, const Fields& arguments = {},
                        Ip4 client = kPc) {
        const HttpAnswer answer = call(kind, action, arguments, client);
        return answer.status == 200 ? "ok" : element(answer.body, "errorCode");
    }

    // The bytes that come back, in hexadecimal; "silence" for none.
    std::string udp(std::string_view hex, Ip4 client = kPc) {
        bool ok = false;
        const auto bytes = from_hex(hex, ok);
        effects.sends.clear();
        handle(
            Datagram{Service::mapping, "lan", {client, Port{40000}}, std::string(as_text(bytes))});
        if (effects.sends.empty()) return "silence";
        return to_hex(as_bytes(effects.sends.front().bytes));
    }

    std::vector<upnp::Send> ssdp(std::string_view message, const IpAddress& client = kPc) {
        effects.sends.clear();
        handle(Datagram{Service::ssdp, "lan", {client, Port{1901}}, std::string(message)});
        return effects.sends;
    }

    std::size_t forwards() const { return nat.engine->forwards().size(); }

    House nat;
    std::string boot_name;
    Metrics metrics;
    std::unique_ptr<Room> room;
    upnp::Effects effects;
    std::string journal;
    std::vector<ForwardId> in_use;
};

}  // namespace gatehouse::test
