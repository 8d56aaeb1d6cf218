// SPDX-License-Identifier: GPL-2.0-or-later
//
// The life of a port that a real client opens behind Gatehouse, with all that happens to ports:
// asked for, asked for again, wanted by another device, flushed by another program, with another
// outside address, behind a daemon that restarts, closed, and left behind by a device that is gone.
// And wherever the house stands: on the internet, behind a router that opens no ports, behind
// miniupnpd, behind another Gatehouse.
//
//   pc 192.168.2.10 -- [Gatehouse] 11.0.0.1, or 192.168.1.50 -- [miniupnpd, Gatehouse] 11.0.0.1
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "tests/lab/support/lab.h"
#include "tests/lab/support/miniupnpd.h"

namespace gatehouse::lab {

enum class Beyond : std::uint8_t { internet, nothing, miniupnpd, gatehouse };
inline constexpr Beyond kBeyond[] = {Beyond::internet, Beyond::nothing, Beyond::miniupnpd,
                                     Beyond::gatehouse};
std::ostream& operator<<(std::ostream& out, Beyond beyond);

class PortHome {
  public:
    static constexpr std::string_view kRouter = "192.168.2.1";
    static constexpr std::string_view kPc = "192.168.2.10";
    static constexpr std::string_view kPort = "7000";

    // Ready when devices hear the address that the internet sees, where there is one.
    explicit PortHome(Beyond beyond);

    // In place of 11.0.0.1, or 192.168.1.50 where the router beyond opens nothing.
    void change_address();
    // What devices hear their address is.
    const std::string& told() const { return told_; }
    // A machine from which the port can be tried.
    const Host& stranger() const;
    bool hears_udp(Duration limit) const;  // a program must not have the port
    bool answers_tcp(Duration limit) const;
    Host& pc() { return house_.pc; }
    House& house() { return house_; }
    Router& router() { return *router_; }

    Process program;  // that the client runs

  private:
    Beyond beyond_;
    std::optional<House> outer_;
    House house_;
    std::optional<Miniupnpd> miniupnpd_;
    std::optional<Router> outer_router_;
    std::optional<Router> router_;
    std::string told_;
};

struct PortClient {
    const char* name;
    bool tcp = false;              // and it listens itself
    void (*open)(PortHome& home);  // asks for the port, or starts a program that does
    void (*close)(PortHome& home);
    bool closes_natpmp = true;  // what it has got by NAT-PMP
    // Also where the gateway was away for a moment since.
    bool closes_always = true;
    // How many forwards it has in all while it runs, however many languages it speaks at once; 0:
    // as many as it likes.
    std::size_t forwards = 0;

    friend std::ostream& operator<<(std::ostream& out, const PortClient& client) {
        return out << client.name;
    }
};

// All that happens, with an assertion for each.
void live_through_everything(Beyond beyond, const PortClient& client);

}  // namespace gatehouse::lab
