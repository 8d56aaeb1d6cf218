// SPDX-License-Identifier: GPL-2.0-or-later
//
// One way through a router, built anew for each measurement:
//
//     phone eth0 ---- portN  br-lan [router] wan0 ---- portM  net0 [internet]
//     generator                                        sink
//
// What makes the difference is who routes. Both router interfaces poll in threads on the router's
// processor, where the daemon is, too; all else runs on the other one. A sink works in the poll of
// its interface, on the router's processor, the same for everybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/support/generator.h"
#include "tests/bench/support/machine.h"
#include "tests/bench/support/sink.h"
#include "tests/lab/support/house.h"
#include "tests/lab/support/router.h"

namespace gatehouse::bench {

// Who does the work. Packets travel the first eight; on the others a room of Gatehouse has its
// rival.
enum class Way : std::uint8_t {
    forwarding,  // no conntrack, no translation
    masquerade,  // the kernel alone
    hook,        // with one more chain, which is empty
    firewall,    // with the filter that a router has in practice
    asking,      // masquerade, after a program has written a mapping and said yes
    cone,        // the least rules that make a restricted cone of such maps
    gatehouse,   // as it comes
    symmetric,   // Gatehouse with a mapping for each session
    dnsmasq,
    kea,
    miniupnpd,
    helper,  // the kernel's own for SIP, on top of masquerade
};

std::string_view to_string(Way way);
inline bool has_daemon(Way way) {
    return way == Way::gatehouse || way == Way::symmetric;
}

// Inside hosts 192.168.1.11-250, each with up to 250 endpoints; no two endpoints share a port, so
// that nobody has to look for a free one.
constexpr std::uint32_t kPortsPerHost = 250;
constexpr std::uint32_t kMostEndpoints = 60'000;

// Packet n is the next one of endpoint n % endpoints (1, or whole hosts of 250), towards one
// server, or with new_flows towards another remote endpoint at each turn.
Traffic inside_traffic(std::uint32_t endpoints, bool new_flows = false);

class Path {
  public:
    Path(Way way, Cores cores);

    const Way way;
    const Cores cores;
    lab::House house;

    // Throws where there is no daemon.
    pid_t daemon() const { return router().pid(); }
    const lab::Router& router() const;

    Generator from_phone(const Traffic& traffic) const;
    Generator from_internet(const Traffic& traffic) const;
    Sink sink_on_internet() const { return Sink(house.internet, internet_port_); }
    // Runs the work inside the host on the processor that is not the router's.
    template <class Work>
    auto drive(const lab::Host& host, Work&& work) const {
        return host.inside([&] {
            pin(0, cores.around);
            return work();
        });
    }
    // For traffic that ends in programs of the internet: its interface polls where they are.
    void poll_internet_around() const;
    // For traffic that begins in programs: what comes over a cable is polled only where packets
    // are cut before it.
    void cut_before_cables() const;
    // How long the router's work has run on its processor, the daemon's and the sink's included.
    Duration router_time() const { return router_time_.sum(); }
    // How many packets have been handed to user space since the start.
    std::uint64_t queue_visits() const;
    // How many endpoints have a mapping in the kernel; sessions where the kernel alone translates.
    std::uint64_t mappings() const;

  private:
    void know_neighbours() const;
    void start_daemon();
    void start_yes_sayer(std::string_view rules);

    std::string lan_port_;       // of the router, towards the phone
    std::string internet_port_;  // of the internet, towards the router
    std::optional<lab::Router> router_;
    std::optional<lab::Process> yes_sayer_;
    RunTime router_time_;
};

}  // namespace gatehouse::bench
