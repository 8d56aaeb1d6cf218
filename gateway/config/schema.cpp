// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/schema.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/config/problem.h"
#include "gateway/config/schema_dhcp.h"
#include "gateway/config/values.h"

namespace gatehouse::config {

namespace {

constexpr std::string_view kBehaviours =
    "endpoint-independent address-dependent address-and-port-dependent";
constexpr std::string_view kPresets = "full-cone restricted-cone port-restricted-cone symmetric";
constexpr std::string_view kSipModes = "auto observe off";
constexpr std::int64_t kSocketPath = 107;  // sun_path of unix(7) without the final NUL

constexpr std::array kGateway{
    OptionSpec{.name = "enabled",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether the service runs at all."},
    OptionSpec{.name = "wan",
               .kind = Kind::interface,
               .fallback = "",
               .sentence = "The interface to the internet; its address is the outside address of "
                           "the house.",
               .example = "eth0",
               .required = true},
    OptionSpec{.name = "lan",
               .kind = Kind::interface,
               .fallback = "",
               .sentence = "An interface to the house; write one line for each.",
               .example = "br-lan",
               .is_list = true,
               .required = true},
    OptionSpec{.name = "control",
               .kind = Kind::path,
               .fallback = "/run/gatehouse.sock",
               .sentence = "The socket on which the command line and the status page reach the "
                           "daemon.",
               .high = kSocketPath},
    OptionSpec{.name = "state",
               .kind = Kind::path,
               .fallback = "/var/lib/gatehouse",
               .sentence = "The folder for what survives a restart: address leases and port "
                           "forwards that devices asked for.",
               .high = kFolderPath},
    OptionSpec{.name = "firewall",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether Gatehouse itself keeps strangers out; 0 where another firewall "
                           "such as firewall4 of OpenWrt does."},
    OptionSpec{.name = "flush_on_exit",
               .kind = Kind::boolean,
               .fallback = "0",
               .sentence = "Whether stopping the daemon also takes its rules out of the kernel; "
                           "with 0 the house stays online while the daemon is down."},
    OptionSpec{.name = "user",
               .kind = Kind::user,
               .fallback = "gatehouse",
               .sentence = "The system user that the daemon becomes once it has opened what needs "
                           "root."},
    OptionSpec{.name = "log_level",
               .kind = Kind::choice,
               .fallback = "info",
               .sentence = "How much is logged: each level includes the ones before it.",
               .words = "error warning info debug"},
};

constexpr std::array kNat{
    OptionSpec{.name = "type",
               .kind = Kind::choice,
               .fallback = "restricted-cone",
               .sentence = "The NAT type: full-cone lets anybody answer on a port that a device "
                           "uses, restricted-cone only addresses it has written to, "
                           "port-restricted-cone only the very address and port, symmetric uses "
                           "another port for every peer, and custom is what mapping and filtering "
                           "say.",
               .words = "full-cone restricted-cone port-restricted-cone symmetric custom"},
    OptionSpec{.name = "mapping",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "For type custom: when a device gets another outside port for another "
                           "peer.",
               .example = "endpoint-independent",
               .words = kBehaviours},
    OptionSpec{.name = "filtering",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "For type custom: who outside may send to a port that a device uses.",
               .example = "address-dependent",
               .words = kBehaviours},
    OptionSpec{.name = "udp_type",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "The NAT type of UDP where it shall differ from type.",
               .example = "full-cone",
               .words = kPresets},
    OptionSpec{.name = "tcp_type",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "The NAT type of TCP where it shall differ from type.",
               .example = "port-restricted-cone",
               .words = kPresets},
    OptionSpec{.name = "ports",
               .kind = Kind::port_range,
               .fallback = "1024-65535",
               .sentence = "The outside ports that devices are given."},
    OptionSpec{.name = "port_choice",
               .kind = Kind::choice,
               .fallback = "preserve",
               .sentence = "Whether a device keeps its own port number outside where that is free, "
                           "or always gets a random one.",
               .words = "preserve random"},
    OptionSpec{.name = "hairpin",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether devices in the house reach each other by their outside "
                           "addresses."},
    OptionSpec{.name = "host_mappings",
               .kind = Kind::number,
               .fallback = "4096",
               .sentence = "How many outside ports one device may hold at a time, so that none "
                           "takes them all.",
               .low = 1,
               .high = 65535},
    OptionSpec{.name = "mappings",
               .kind = Kind::number,
               .fallback = "131072",
               .sentence = "How many outside ports all devices together may hold; each takes "
                           "about 160 bytes.",
               .low = 64,
               .high = 262144},
    OptionSpec{.name = "host_sessions",
               .kind = Kind::number,
               .fallback = "8192",
               .sentence = "About how many connections one device may have at a time, so that it "
                           "does not fill the table of the kernel; 0 for any number.",
               .low = 0,
               .high = 16777216},
    OptionSpec{.name = "host_pinholes",
               .kind = Kind::number,
               .fallback = "128",
               .sentence = "How many ports of IPv6 one device may have open for strangers.",
               .low = 0,
               .high = 4096},
    OptionSpec{.name = "pinholes",
               .kind = Kind::number,
               .fallback = "4096",
               .sentence = "How many ports of IPv6 all devices together may have open for "
                           "strangers.",
               .low = 0,
               .high = 4096},
};

constexpr std::array kTimeout{
    OptionSpec{.name = "udp",
               .kind = Kind::duration,
               .fallback = "300",
               .sentence = "How long a silent UDP flow keeps its port (RFC 4787 recommends five "
                           "minutes and forbids less than two).",
               .low = 1,
               .high = kMonth},
    OptionSpec{.name = "tcp_established",
               .kind = Kind::duration,
               .fallback = "7440",
               .sentence =
                   "How long a silent open TCP connection is remembered (RFC 5382: at least "
                   "2 hours 4 minutes).",
               .low = 1,
               .high = kMonth},
    OptionSpec{.name = "tcp_transitory",
               .kind = Kind::duration,
               .fallback = "240",
               .sentence = "How long a TCP connection may take to open or to close (RFC 5382: at "
                           "least 4 minutes).",
               .low = 1,
               .high = kMonth},
    OptionSpec{.name = "icmp",
               .kind = Kind::duration,
               .fallback = "60",
               .sentence = "How long an answer to a ping may take (RFC 5508: at least 60 seconds).",
               .low = 1,
               .high = kMonth},
};

constexpr std::array kHost{
    OptionSpec{.name = "mac",
               .kind = Kind::mac,
               .fallback = "",
               .sentence = "The hardware address of the device.",
               .example = "00:11:22:33:44:55"},
    OptionSpec{.name = "address",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "Instead of mac: the inside address of the device.",
               .example = "192.168.1.30"},
    OptionSpec{.name = "nat",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "The NAT type of this device.",
               .example = "full-cone",
               .words = kPresets},
    OptionSpec{.name = "sip",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "The mode of internet telephony for this device, which counts before "
                           "that of its provider and before that of 'sip'.",
               .example = "off",
               .words = kSipModes},
};

constexpr std::array kForward{
    OptionSpec{.name = "proto",
               .kind = Kind::choice,
               .fallback = "both",
               .sentence = "The protocol that is forwarded.",
               .words = "tcp udp both"},
    OptionSpec{.name = "outside",
               .kind = Kind::port_range,
               .fallback = "",
               .sentence = "The port on the outside address, or a range such as 8000-8010.",
               .example = "8080",
               .required = true},
    OptionSpec{.name = "inside",
               .kind = Kind::target,
               .fallback = "",
               .sentence = "The device and its port; without a port the same as outside, and a "
                           "range as wide as the one outside.",
               .example = "192.168.1.10:80",
               .required = true},
    OptionSpec{.name = "remote",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "Forward only what comes from this address of the internet.",
               .example = "198.51.100.7"},
};

constexpr std::array kPinhole{
    OptionSpec{.name = "proto",
               .kind = Kind::choice,
               .fallback = "both",
               .sentence = "The protocol that is let in.",
               .words = "tcp udp both"},
    OptionSpec{.name = "port",
               .kind = Kind::port_range,
               .fallback = "",
               .sentence = "The port of the device, or a range such as 8000-8010.",
               .example = "443",
               .required = true},
    OptionSpec{.name = "mac",
               .kind = Kind::mac,
               .fallback = "",
               .sentence = "The hardware address of the device, which is reached at every IPv6 "
                           "address at which the router has seen it.",
               .example = "00:11:22:33:44:55"},
    OptionSpec{.name = "inside",
               .kind = Kind::address6,
               .fallback = "",
               .sentence = "The IPv6 address of the device, where it never changes.",
               .example = "2001:db8::10"},
    OptionSpec{.name = "remote",
               .kind = Kind::address6,
               .fallback = "",
               .sentence = "Let in only what comes from this address of the internet.",
               .example = "2001:db8:f::7"},
};

constexpr std::array kDmz{
    OptionSpec{.name = "inside",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "The device that gets everything from outside that nothing else claims.",
               .example = "192.168.1.99",
               .required = true},
};

constexpr std::array kSip{
    OptionSpec{.name = "mode",
               .kind = Kind::choice,
               .fallback = "auto",
               .sentence = "What happens to internet telephony: auto mends the addresses in SIP "
                           "messages and opens ports for the calls, observe only watches and "
                           "reports, off leaves it alone.",
               .words = kSipModes},
    OptionSpec{.name = "port",
               .kind = Kind::port,
               .fallback = "5060",
               .sentence = "A port on which phones speak SIP to their provider; write one line for "
                           "each.",
               .is_list = true},
    OptionSpec{.name = "keep_alive",
               .kind = Kind::duration,
               .fallback = "25",
               .sentence = "After how much silence of a registered phone an empty message goes to "
                           "its provider in its name, so that whatever stands on the way lets the "
                           "next call in; 0 means never.",
               .low = 0,
               .high = 3600},
    OptionSpec{.name = "host_calls",
               .kind = Kind::number,
               .fallback = "64",
               .sentence = "How many calls of one device are helped at a time, half of them "
                           "called from outside; its further ones are only translated.",
               .low = 2,
               .high = 1024},
    OptionSpec{.name = "calls",
               .kind = Kind::number,
               .fallback = "1024",
               .sentence = "How many calls of all devices together are helped at a time.",
               .low = 2,
               .high = 1024},
    OptionSpec{.name = "host_registrations",
               .kind = Kind::number,
               .fallback = "64",
               .sentence = "How many flows of one device to its providers are kept open.",
               .low = 1,
               .high = 10000},
    OptionSpec{.name = "registrations",
               .kind = Kind::number,
               .fallback = "10000",
               .sentence = "How many flows of all devices together are kept open.",
               .low = 1,
               .high = 10000},
};

constexpr std::array kSipProvider{
    OptionSpec{.name = "network",
               .kind = Kind::network,
               .fallback = "",
               .sentence = "The address of its server, or the network of all of them.",
               .example = "203.0.113.0/24",
               .required = true},
    OptionSpec{.name = "sip",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "The mode of internet telephony with this provider, which counts before "
                           "that of 'sip'.",
               .example = "off",
               .words = kSipModes,
               .required = true},
};

constexpr std::array kUpnp{
    OptionSpec{.name = "igd",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether devices may open ports by UPnP."},
    OptionSpec{.name = "natpmp",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether devices may open ports by NAT-PMP."},
    OptionSpec{.name = "pcp",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether devices may open ports by PCP."},
    OptionSpec{.name = "port",
               .kind = Kind::port,
               .fallback = "5000",
               .sentence = "The port on the inside on which UPnP answers."},
    OptionSpec{.name = "host_quota",
               .kind = Kind::number,
               .fallback = "64",
               .sentence = "How many ports one device may have open in this way.",
               .low = 0,
               .high = 65535},
    OptionSpec{.name = "quota",
               .kind = Kind::number,
               .fallback = "2048",
               .sentence = "How many ports all devices together may have open in this way.",
               .low = 0,
               .high = 65535},
    OptionSpec{.name = "host_subscriptions",
               .kind = Kind::number,
               .fallback = "8",
               .sentence = "How many subscriptions to news of UPnP one device may have.",
               .low = 0,
               .high = 1024},
    OptionSpec{.name = "subscriptions",
               .kind = Kind::number,
               .fallback = "64",
               .sentence = "How many subscriptions to news of UPnP all devices together may "
                           "have.",
               .low = 0,
               .high = 1024},
    OptionSpec{.name = "secure",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether a device may open ports to itself only, and not to others."},
    OptionSpec{.name = "upstream",
               .kind = Kind::choice,
               .fallback = "auto",
               .sentence = "Behind another router: auto opens each port there, too, where that "
                           "router lets us, off leaves it alone.",
               .words = "auto off"},
};

constexpr std::array kPermission{
    OptionSpec{.name = "action",
               .kind = Kind::choice,
               .fallback = "",
               .sentence = "Whether what matches may be opened.",
               .example = "deny",
               .words = "allow deny",
               .required = true},
    OptionSpec{.name = "mac",
               .kind = Kind::mac,
               .fallback = "",
               .sentence = "Only the device with this hardware address.",
               .example = "00:11:22:33:44:77"},
    OptionSpec{.name = "network",
               .kind = Kind::network,
               .fallback = "",
               .sentence = "Only devices with these addresses.",
               .example = "192.168.1.64/26"},
    OptionSpec{.name = "outside",
               .kind = Kind::port_range,
               .fallback = "1-65535",
               .sentence = "Only these ports on the outside address."},
    OptionSpec{.name = "inside",
               .kind = Kind::port_range,
               .fallback = "1-65535",
               .sentence = "Only these ports of the device."},
};

constexpr std::array kWeb{
    OptionSpec{.name = "listen",
               .kind = Kind::endpoint,
               .fallback = "",
               .sentence = "The inside address and port of the status page.",
               .example = "192.168.1.1:8080",
               .required = true},
    OptionSpec{.name = "name",
               .kind = Kind::domain,
               .fallback = "",
               .sentence = "A further name of the router under which the page is opened; its "
                           "addresses and its own name always work.",
               .example = "router.home.arpa",
               .is_list = true},
};

constexpr std::array kSections{
    SectionSpec{"gateway", "main", Times::once, true,
                "The router: where the internet is, where the house is. These two alone make a "
                "working router; all else has a default.",
                kGateway},
    SectionSpec{"nat", "nat", Times::once, true, "How addresses are translated.", kNat},
    SectionSpec{"timeout", "timeout", Times::once, true,
                "How long silence may last: seconds, or a number with s, m, h or d behind it.",
                kTimeout},
    SectionSpec{"host", "console", Times::entry, false,
                "One device that is treated differently, such as a game console. It is known by "
                "mac or by address.",
                kHost},
    SectionSpec{"forward", "camera", Times::entry, false,
                "A port of the outside address that always leads to one device.", kForward},
    SectionSpec{"pinhole", "server", Times::entry, false,
                "Ports of one device that the internet may reach over IPv6, where nothing is "
                "translated. It is known by mac or by inside, or by both.",
                kPinhole},
    SectionSpec{"dmz", "", Times::entry, false, "One device that stands in front of the house.",
                kDmz},
    SectionSpec{"sip", "sip", Times::once, true, "Internet telephony.", kSip},
    SectionSpec{"sip_provider", "", Times::entry, false,
                "A telephony provider that is treated differently, such as one that finds its way "
                "through NATs better alone. The first whose network fits counts.",
                kSipProvider},
    SectionSpec{"upnp", "upnp", Times::once, true, "Ports that devices open for themselves.",
                kUpnp},
    SectionSpec{"permission", "", Times::entry, false,
                "Who may open which ports by UPnP, NAT-PMP and PCP: the first that matches "
                "decides. Behind them all ports from 1024 on are open to devices, but for some "
                "that worms look for.",
                kPermission},
    SectionSpec{"dhcp", "lan", Times::many, false,
                "Addresses for the devices of one inside interface.", kDhcp},
    SectionSpec{"static_lease", "", Times::entry, false,
                "A device that always gets the same address.", kStaticLease},
    SectionSpec{"dhcp_files", "files", Times::once, false,
                "Where other programs find the leases; their folders must exist and let the "
                "daemon's user write.",
                kDhcpFiles},
    SectionSpec{"web", "web", Times::once, false,
                "The status page, which only shows and changes nothing.", kWeb},
};

std::string joined(std::span<const std::string_view> words) {
    std::string out;
    for (const std::string_view word : words)
        append(out, out.empty() ? "" : ", ", word);
    return out;
}

// "; did you mean 'ports'?", or nothing where no word is near.
std::string guess(std::string_view word, const std::vector<std::string_view>& known) {
    const std::string_view near = closest(word, known);
    return near.empty() ? std::string() : concat("; did you mean '", near, "'?");
}

}  // namespace

std::span<const SectionSpec> schema() {
    return kSections;
}

const SectionSpec* find_section(std::string_view type) {
    for (const SectionSpec& section : kSections) {
        if (section.type == type) return &section;
    }
    return nullptr;
}

const OptionSpec* find_option(const SectionSpec& section, std::string_view name) {
    for (const OptionSpec& option : section.options) {
        if (option.name == name) return &option;
    }
    return nullptr;
}

std::string allowed_text(const OptionSpec& option) {
    const auto span = [&option](const char* suffix) {
        return concat("from ", duration_text(std::chrono::seconds(option.low)), " to ",
                      duration_text(std::chrono::seconds(option.high)), suffix);
    };
    switch (option.kind) {
        case Kind::boolean: return "0 or 1 (also off, on, no, yes, false, true, disabled, enabled)";
        case Kind::choice: return concat("one of ", joined(split(option.words, ' ')));
        case Kind::number: return concat("a number from ", option.low, " to ", option.high);
        case Kind::duration: return concat("seconds or a time such as 30m, ", span(""));
        case Kind::lease_time:
            return concat("seconds or a time such as 12h, ", span(", or infinite"));
        case Kind::port: return "a port from 1 to 65535";
        case Kind::port_range: return "a port from 1 to 65535 or a range such as 8000-8010";
        case Kind::address: return "the IPv4 address of a host";
        case Kind::address6: return "the IPv6 address of a host";
        case Kind::network: return "an IPv4 address, or several such as 192.168.1.64/26";
        case Kind::target:
            return "the IPv4 address of a host, with :port or :first-last behind it if need be";
        case Kind::endpoint: return "address:port, for an IPv6 address [address]:port";
        case Kind::mac: return "the hardware address of one device, such as 00:11:22:33:44:55";
        case Kind::interface:
            return "the name of a network interface, at most 15 letters, digits "
                   "and . _ - + @";
        case Kind::path:
            return concat("an absolute path of at most ", option.high,
                          " bytes without . or .. in it");
        case Kind::user:
            return "the name of a system user, at most 32 small letters, digits, _ "
                   "and -";
        case Kind::host_name: return "a name of at most 63 letters, digits and inner -";
        case Kind::domain: return "a domain such as lan or home.arpa";
        case Kind::word:
            return concat("at most ", option.high, " letters, digits and -._~:/?#[]@&=+,;%");
        case Kind::hex:
            return concat("from ", option.low, " to ", option.high, " bytes in hex, such as ",
                          option.example);
        case Kind::dhcp_route: return "a network and a router, such as 10.8.0.0/16,192.168.1.2";
        case Kind::dhcp_option:
            return "number,type,value with the types address, name, text, u8, u16, u32 and hex, "
                   "and no number that the server itself sets";
    }
    return "";
}

std::string unknown_section_text(std::string_view type) {
    std::vector<std::string_view> types;
    for (const SectionSpec& section : kSections)
        types.push_back(section.type);
    const std::string near = guess(type, types);
    return concat("unknown section type ", quoted(type),
                  near.empty() ? concat("; allowed: ", joined(types)) : near);
}

std::string unknown_option_text(const SectionSpec& section, std::string_view name) {
    std::vector<std::string_view> names;
    for (const OptionSpec& option : section.options)
        names.push_back(option.name);
    std::string hint = guess(name, names);
    for (const SectionSpec& other : kSections) {
        if (!hint.empty()) break;
        if (find_option(other, name)) hint = concat("; it belongs to '", other.type, '\'');
    }
    if (hint.empty()) hint = concat("; allowed: ", joined(names));
    return concat("unknown option ", quoted(name), " in '", section.type, '\'', hint);
}

}  // namespace gatehouse::config
