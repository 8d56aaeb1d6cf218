// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/ssdp.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "upnp/description.h"

namespace gatehouse::upnp {

namespace {

constexpr std::size_t kMostHeaders = 32;
constexpr std::string_view kAll = "ssdp:all";
constexpr std::string_view kRoot = "upnp:rootdevice";

// The next line without its end, cut off the text; a lone LF ends a line, too.
std::string_view next_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Clients that stop at what a second tree offers.
bool wants_old_tree(std::string_view user_agent) {
    constexpr std::array<std::string_view, 3> kWords{"Microsoft", "FDSSDP", "Xbox"};
    return std::any_of(kWords.begin(), kWords.end(), [user_agent](std::string_view word) {
        return user_agent.find(word) != std::string_view::npos;
    });
}

std::string location(const SsdpFacts& facts, Tree tree) {
    return concat("http://", facts.server.to_string(), facts.identity.device_path(tree));
}

std::string server_line(const SsdpFacts& facts) {
    return concat("SERVER: Linux UPnP/1.1 ", kProduct, '/', facts.version, "\r\n");
}

std::string boot_lines(const SsdpFacts& facts) {
    return concat("BOOTID.UPNP.ORG: ", facts.boot,
                  "\r\nCONFIGID.UPNP.ORG: ", config_number(facts.version), "\r\n");
}

}  // namespace

std::optional<Search> parse_search(std::string_view message) {
    if (message.size() > kLongestSearch) return std::nullopt;
    if (next_line(message) != "M-SEARCH * HTTP/1.1") return std::nullopt;
    Search search;
    bool discover = false;
    std::size_t headers = 0;
    while (!message.empty()) {
        const std::string_view line = next_line(message);
        if (line.empty()) break;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || ++headers > kMostHeaders) return std::nullopt;
        const std::string_view name = trim(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        if (!is_printable(name) || !is_printable(value)) return std::nullopt;
        if (equal_ignoring_case(name, "MAN")) {
            discover = value == "\"ssdp:discover\"" || value == "ssdp:discover";
        } else if (equal_ignoring_case(name, "ST")) {
            search.target = value;
        } else if (equal_ignoring_case(name, "USER-AGENT")) {
            search.user_agent = value;
        } else if (equal_ignoring_case(name, "MX")) {
            const auto seconds = parse_number<std::uint32_t>(value);
            if (!seconds) return std::nullopt;
            search.mx = std::min(std::chrono::seconds(*seconds), kMostMx);
        }
    }
    if (!discover || search.target.empty()) return std::nullopt;
    return search;
}

std::vector<Advertisement> advertisements(Tree tree, const Identity& identity) {
    std::vector<Advertisement> out;
    const auto add = [&](DeviceKind device, std::string_view type) {
        out.push_back(
            {tree, std::string(type), concat("uuid:", identity.uuid(tree, device), "::", type)});
    };
    for (const DeviceModel& device : devices_of(tree)) {
        if (device.kind == DeviceKind::gateway) add(device.kind, kRoot);
        const std::string uuid = concat("uuid:", identity.uuid(tree, device.kind));
        out.push_back({tree, uuid, uuid});
        add(device.kind, device.type);
    }
    for (const ServiceModel* service : services_of(tree))
        add(service->device, service->type);
    return out;
}

std::vector<Advertisement> found_by(const Search& search, const Identity& identity) {
    std::vector<Advertisement> out;
    for (const Tree tree : kTrees) {
        if (tree == Tree::igd2 && wants_old_tree(search.user_agent)) continue;
        for (Advertisement& one : advertisements(tree, identity)) {
            const bool wanted = search.target == kAll || search.target == one.type;
            // The services that both trees have are found in the first one.
            const bool again = search.target != kAll && search.target != kRoot &&
                               std::any_of(out.begin(), out.end(), [&](const Advertisement& had) {
                                   return had.type == one.type;
                               });
            if (wanted && !again) out.push_back(std::move(one));
        }
    }
    return out;
}

std::string write_search_answer(const SsdpFacts& facts, const Advertisement& what) {
    return concat("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=", kMaxAge.count(),
                  "\r\nST: ", what.type, "\r\nUSN: ", what.usn,
                  "\r\nEXT:\r\nLOCATION: ", location(facts, what.tree), "\r\n", server_line(facts),
                  boot_lines(facts), "\r\n");
}

std::string write_alive(const SsdpFacts& facts, const Advertisement& what) {
    return concat("NOTIFY * HTTP/1.1\r\nHOST: ", facts.group.to_string(),
                  "\r\nCACHE-CONTROL: max-age=", kMaxAge.count(),
                  "\r\nLOCATION: ", location(facts, what.tree), "\r\nNT: ", what.type,
                  "\r\nNTS: ssdp:alive\r\n", server_line(facts), "USN: ", what.usn, "\r\n",
                  boot_lines(facts), "\r\n");
}

std::string write_byebye(const SsdpFacts& facts, const Advertisement& what) {
    return concat("NOTIFY * HTTP/1.1\r\nHOST: ", facts.group.to_string(), "\r\nNT: ", what.type,
                  "\r\nNTS: ssdp:byebye\r\nUSN: ", what.usn, "\r\n", boot_lines(facts), "\r\n");
}

void SsdpBudget::Bucket::fill(Instant now, std::int64_t per_second, std::int64_t burst) {
    const std::int64_t seconds = whole_seconds(now - filled);
    if (seconds <= 0) return;
    tokens = seconds > burst / per_second ? burst : std::min(burst, tokens + seconds * per_second);
    filled = now;
}

bool SsdpBudget::take(const IpAddress& source, std::size_t bytes, Instant now) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    auto found = sources_.find(source);
    if (found == sources_.end()) {
        if (sources_.size() >= kMostSources) {
            // Who is forgotten begins with a full bucket again, but within that of all.
            sources_.erase(std::min_element(
                sources_.begin(), sources_.end(),
                [](const auto& a, const auto& b) { return a.second.filled < b.second.filled; }));
        }
        found = sources_.emplace(source, Bucket{kBurst, now}).first;
    }
    Bucket& own = found->second;
    own.fill(now, kPerSecond, kBurst);
    all_.fill(now, kPerSecondOfAll, kBurstOfAll);
    if (own.tokens < wanted || all_.tokens < wanted) return false;
    own.tokens -= wanted;
    all_.tokens -= wanted;
    return true;
}

}  // namespace gatehouse::upnp
