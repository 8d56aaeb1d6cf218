// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rows of the schema for the DHCP server, for schema.cpp alone, and the limits that others have
// with them in common.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/config/schema.h"

namespace gatehouse::config {

inline constexpr std::int64_t kMonth = std::int64_t{30} * 86400;
inline constexpr std::int64_t kYear = std::int64_t{365} * 86400;
inline constexpr std::int64_t kFolderPath = 1024;

inline constexpr std::array kDhcp{
    OptionSpec{.name = "interface",
               .kind = Kind::interface,
               .fallback = "",
               .sentence = "The inside interface on which addresses are given out.",
               .example = "br-lan",
               .required = true},
    OptionSpec{.name = "start",
               .kind = Kind::number,
               .fallback = "100",
               .sentence = "The first address, counted from the network address: 100 in "
                           "192.168.1.0/24 is 192.168.1.100.",
               .low = 1,
               .high = 65534},
    OptionSpec{.name = "limit",
               .kind = Kind::number,
               .fallback = "150",
               .sentence = "How many addresses are given out.",
               .low = 1,
               .high = 65534},
    OptionSpec{.name = "leasetime",
               .kind = Kind::lease_time,
               .fallback = "12h",
               .sentence = "How long a device may keep an address without asking again.",
               .low = 120,
               .high = kYear},
    OptionSpec{.name = "domain",
               .kind = Kind::domain,
               .fallback = "lan",
               .sentence = "The domain that devices are told they are in."},
    OptionSpec{.name = "dns",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "A name server that devices are told; without any it is the router, or "
                           "the servers of the outside link where the router answers no names.",
               .example = "192.168.1.1",
               .is_list = true},
    OptionSpec{.name = "authoritative",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether this is the only server of the network, so that devices with "
                           "addresses from elsewhere are told to ask anew."},
    OptionSpec{.name = "probe",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether to look if somebody uses an address before it is given to a "
                           "new device."},
    OptionSpec{.name = "client_ids",
               .kind = Kind::boolean,
               .fallback = "1",
               .sentence = "Whether a device is told apart by the client identifier it sends, "
                           "which may differ between its systems, or with 0 only by its hardware "
                           "address."},
    OptionSpec{.name = "rapid_commit",
               .kind = Kind::boolean,
               .fallback = "0",
               .sentence = "Whether devices may be served with two messages instead of four; only "
                           "for networks without a second server."},
    OptionSpec{.name = "router",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "The way out that devices are told, where it is not this router.",
               .example = "192.168.1.1"},
    OptionSpec{.name = "search",
               .kind = Kind::domain,
               .fallback = "",
               .sentence = "A domain in which devices look up short names.",
               .example = "home.arpa",
               .is_list = true},
    OptionSpec{.name = "ntp",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "A time server that devices are told.",
               .example = "192.168.1.1",
               .is_list = true},
    OptionSpec{.name = "mtu",
               .kind = Kind::number,
               .fallback = "",
               .sentence = "The largest packet that devices shall send.",
               .example = "1492",
               .low = 576,
               .high = 65535},
    OptionSpec{.name = "route",
               .kind = Kind::dhcp_route,
               .fallback = "",
               .sentence = "A network and the router that leads there, told as options 121 and "
                           "249; the way out is added by itself.",
               .example = "10.8.0.0/16,192.168.1.2",
               .is_list = true},
    OptionSpec{.name = "sip_server",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "A SIP server that telephones are told.",
               .example = "192.168.1.5",
               .is_list = true},
    OptionSpec{.name = "captive_portal",
               .kind = Kind::word,
               .fallback = "",
               .sentence = "The address of the captive portal API (RFC 8910).",
               .example = "https://portal.example.org/api",
               .high = 255},
    OptionSpec{.name = "ipv6_only",
               .kind = Kind::duration,
               .fallback = "",
               .sentence = "Tells devices that can live without IPv4 to do so for this time (RFC "
                           "8925).",
               .example = "30m",
               .low = 300,
               .high = kMonth},
    OptionSpec{.name = "boot_server",
               .kind = Kind::domain,
               .fallback = "",
               .sentence = "The server from which devices load what they start.",
               .example = "192.168.1.6"},
    OptionSpec{.name = "boot_file",
               .kind = Kind::word,
               .fallback = "",
               .sentence = "The file that they load there.",
               .example = "pxelinux.0",
               .high = 127},
    OptionSpec{.name = "dhcp_option",
               .kind = Kind::dhcp_option,
               .fallback = "",
               .sentence = "Any other option by number, type and values; the types are address, "
                           "name, text, u8, u16, u32 and hex.",
               .example = "150,address,192.168.1.6",
               .is_list = true},
};

inline constexpr std::array kStaticLease{
    OptionSpec{.name = "mac",
               .kind = Kind::mac,
               .fallback = "",
               .sentence = "The hardware address of the device; one line for each where it has "
                           "several.",
               .example = "00:11:22:33:44:66",
               .is_list = true},
    OptionSpec{.name = "address",
               .kind = Kind::address,
               .fallback = "",
               .sentence = "The address that this device always gets and no other does.",
               .example = "192.168.1.20",
               .required = true},
    OptionSpec{.name = "name",
               .kind = Kind::host_name,
               .fallback = "",
               .sentence = "What the device is called, whatever it says itself; without mac and "
                           "client_id it is known by this name.",
               .example = "phone"},
    OptionSpec{.name = "client_id",
               .kind = Kind::hex,
               .fallback = "",
               .sentence = "The client identifier that the device sends, in hex.",
               .example = "ff:00:11:22",
               .low = 2,
               .high = 255},
    OptionSpec{.name = "leasetime",
               .kind = Kind::lease_time,
               .fallback = "",
               .sentence = "How long this device may keep the address without asking again, where "
                           "that differs.",
               .example = "7d",
               .low = 120,
               .high = kYear},
};

inline constexpr std::array kDhcpFiles{
    OptionSpec{.name = "leases",
               .kind = Kind::path,
               .fallback = "",
               .sentence = "The file in which programs such as LuCI look for leases, in the form "
                           "of dnsmasq.",
               .example = "/tmp/dhcp.leases",
               .high = kFolderPath},
    OptionSpec{.name = "hosts",
               .kind = Kind::path,
               .fallback = "",
               .sentence = "The file from which a name server learns the names of devices, in the "
                           "form of /etc/hosts.",
               .example = "/tmp/hosts/gatehouse",
               .high = kFolderPath},
};

}  // namespace gatehouse::config
