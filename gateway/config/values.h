// SPDX-License-Identifier: GPL-2.0-or-later
//
// Readers of the values that stand in a configuration and that base/ip.h does not read: whole text
// or nothing, and only what is safe to hand on to the kernel, a path or a DHCP client.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::config {

// The words UCI knows: 1 on true yes enabled, 0 off false no disabled.
std::optional<bool> parse_boolean(std::string_view text);

// Whole seconds, or a number with s, m, h, d or w behind it: "300", "12h". At most a year.
std::optional<Duration> parse_duration(std::string_view text);

// "90s", "30m", "12h", "7d": the largest unit that says it exactly; "infinite" for Duration::max().
std::string duration_text(Duration duration);

// A name that Linux takes for a network interface and that needs no quoting anywhere: up to 15 of
// letters, digits and . _ - + @
bool is_interface(std::string_view text);

// The name of a system user: small letters, digits, _ and -, at most 32, no digit first.
bool is_user(std::string_view text);

// An absolute path without control characters and without "." or ".." steps, at most max bytes.
bool is_path(std::string_view text, std::size_t max);

// One label of a host name (RFC 1123 section 2.1): letters, digits, inner '-', at most 63.
bool is_host_name(std::string_view text);

// Labels with dots between them, at most 253 bytes.
bool is_domain(std::string_view text);

// An address that one host can have: not 0.0.0.0/8, loopback, multicast or above.
bool is_host_address(Ip4 address);
// The same of IPv6, and one that routers forward: not of one link alone.
bool is_host_address(const Ip6& address);

// Where a forward leads: "192.168.1.10", "192.168.1.10:80", "192.168.1.10:8000-8010".
struct Target {
    Ip4 address;
    std::optional<PortRange> ports;
};

std::optional<Target> parse_target(std::string_view text);

// The candidate that a mistyped word was probably meant to be; empty where none is near.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace gatehouse::config
