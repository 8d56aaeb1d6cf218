// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/crowd.h"

#include <algorithm>
#include <iterator>

#include "gateway/base/text.h"
#include "tests/lab/support/packet.h"

namespace gatehouse::lab {

Crowd::Crowd(const House& house, std::size_t size, int first_port) {
    const Host* devices[] = {&house.phone, &house.console, &house.pc};
    for (std::size_t i = 0; i < size; ++i) {
        const auto port = first_port + static_cast<int>(i);
        sockets_.push_back(devices[i % 3]->udp(concat("0.0.0.0:", port)));
    }
}

void Crowd::speak(const UdpSocket& server) const {
    for (std::size_t i = 0; i < sockets_.size(); ++i)
        sockets_[i].send_to(server.local(), std::to_string(i));
}

Crowd::Faces Crowd::faces(const UdpSocket& server, Duration limit) const {
    while (server.receive(0ms)) {
    }
    Faces out;
    (void)eventually(
        [&] {
            speak(server);
            while (const auto got = server.receive(20ms)) {
                if (const auto i = parse_number<std::size_t>(got->data))
                    out[*i] = got->from.to_string();
            }
            return Verdict(out.size() == sockets_.size());
        },
        limit);
    return out;
}

std::set<std::string> values(const Crowd::Faces& faces) {
    std::set<std::string> out;
    for (const auto& [i, face] : faces)
        out.insert(face);
    return out;
}

// "inside outside" of each UDP mapping: as the daemon lists them, and as the kernel holds them.
namespace {

// The pairs of values behind these two names, which follow each other.
std::vector<std::pair<std::string, std::string>> pairs_in(std::string_view text,
                                                          std::string_view begin,
                                                          std::string_view middle) {
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t at = text.find(begin); at != std::string_view::npos;
         at = text.find(begin, at)) {
        at += begin.size();
        const std::size_t end = text.find('"', at);
        const std::size_t second = end + middle.size();
        out.emplace_back(text.substr(at, end - at),
                         text.substr(second, text.find('"', second) - second));
    }
    return out;
}

}  // namespace

std::set<std::string> mappings_listed(const Router& router) {
    std::set<std::string> out;
    for (const auto& [inside, outside] :
         pairs_in(router.cli({"mappings", "--json"}).out, R"("proto":"udp","inside":")",
                  R"(","outside":")")) {
        out.insert(concat(inside, " ", outside));
    }
    for (const auto& [outside, inside] :
         pairs_in(router.cli({"forwards", "--json"}).out, R"("proto":"udp","outside":")",
                  R"(","inside":")")) {
        out.insert(concat(inside, " ", outside));
    }
    return out;
}

std::set<std::string> mappings_in_kernel(const Host& router) {
    std::set<std::string> out;
    const std::string text =
        router.run({"nft", "-n", "list", "map", "inet", "gatehouse", "source"}).out;
    const std::size_t begin = text.find("elements = {");
    if (begin == std::string::npos) return out;
    for (const std::string_view element : split(std::string_view(text).substr(begin + 12), ',')) {
        std::vector<std::string_view> words;
        for (const std::string_view line : split(element, '\n')) {
            for (std::string_view word : split(line, ' ')) {
                while (!word.empty() && word.front() == '\t')
                    word.remove_prefix(1);
                if (!word.empty()) words.push_back(word);
            }
        }
        if (words.size() < 9 || words[2] != "17") continue;
        out.insert(concat(words[0], ":", words[4], " ", words[6], ":", words[8]));
    }
    return out;
}

Verdict memory_and_kernel_agree(const Router& router) {
    return eventually(
        [&]() -> Verdict {
            const auto listed = mappings_listed(router);
            const auto kernel = mappings_in_kernel(router.host());
            if (kernel.empty() && !listed.empty()) return no_because("the kernel has none");
            std::vector<std::string> unknown;
            std::set_difference(kernel.begin(), kernel.end(), listed.begin(), listed.end(),
                                std::back_inserter(unknown));
            if (unknown.empty()) return true;
            return no_because(concat("of ", kernel.size(), " in the kernel the daemon does not ",
                                     "know ", unknown.size(), ", as ", unknown.front()));
        },
        10s);
}

Verdict leaked_nothing(const Capture& outside) {
    return outside.none(
        [](const Packet& p) { return p.outgoing && p.ip4_source_in("192.168.0.0/16"); });
}

void flood(const House& house, const Flood& flood) {
    const PacketSocket wire = house.pc.packets("eth0");
    FrameHead head;
    head.from = *house.pc.mac("eth0");
    head.to = *house.router.mac("br-lan");
    head.source = address("192.168.1.10").v4();
    head.destination = address(flood.to).v4();
    for (int i = 0; i < flood.count; ++i) {
        const int from = flood.first_port + (flood.one_source ? 0 : i);
        const int to = flood.one_source ? 1 + i : 9;
        wire.send(udp4_frame(head, Port{static_cast<std::uint16_t>(from)},
                             Port{static_cast<std::uint16_t>(to)}, "flood"));
    }
}

}  // namespace gatehouse::lab
