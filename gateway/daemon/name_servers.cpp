// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/name_servers.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/daemon/files.h"

namespace gatehouse::daemon {

std::vector<Ip4> name_servers_in(std::string_view text) {
    static constexpr std::string_view kKeyword = "nameserver";
    static constexpr std::size_t kMost = 4;
    std::vector<Ip4> out;
    for (const std::string_view whole : split(text, '\n')) {
        const std::string_view line = trim(whole);
        if (!line.starts_with(kKeyword) || line.size() == kKeyword.size()) continue;
        const char blank = line[kKeyword.size()];
        const auto address = parse_ip4(trim(line.substr(kKeyword.size())));
        if ((blank != ' ' && blank != '\t') || !address || address->is_any()) continue;
        const bool loopback = address->value >> 24U == 127;
        const bool again = std::find(out.begin(), out.end(), *address) != out.end();
        if (!loopback && !again && out.size() < kMost) out.push_back(*address);
    }
    return out;
}

std::vector<Ip4> read_name_servers() {
    static constexpr std::array<const char*, 4> kFiles{
        "/tmp/resolv.conf.d/resolv.conf.auto", "/tmp/resolv.conf.auto",
        "/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"};
    for (const char* file : kFiles) {
        const auto text = read_file(file);
        if (!text) continue;
        const std::vector<Ip4> servers = name_servers_in(*text);
        if (!servers.empty()) return servers;
    }
    return {};
}

std::string read_host_name() {
    const auto text = read_file("/proc/sys/kernel/hostname");
    if (!text) return {};
    const std::string_view name = trim(*text);
    return std::string(name.substr(0, name.find('.')));
}

}  // namespace gatehouse::daemon
