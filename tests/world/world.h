// SPDX-License-Identifier: GPL-2.0-or-later
//
// The house of the daemon on a virtual clock and a double of the kernel. Everything that happens
// follows from a seed. A fault may strike at any seam: a load that fails, a notice that comes late,
// twice or never in time, a daemon that dies with effects half done.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dhcp/journal.h"
#include "gateway/base/random.h"
#include "gateway/daemon/house.h"
#include "tests/world/fake_kernel.h"

namespace gatehouse::world {

// The configuration that the world begins with.
config::Config house_config();

class World {
  public:
    explicit World(std::uint64_t seed);

    // The daemon begins; without it nothing is handled.
    void start(const config::Config& config);
    void start() { start(wanted_); }
    // As with kill -9: the house forgets, the kernel and the disk do not.
    void kill();
    // What begins after this is another boot, of an empty kernel.
    void reboot();
    bool runs() const { return house_ != nullptr; }
    void reconfigure(const config::Config& config);

    // Lets virtual time pass; what is due happens in its order.
    void pass(Duration time);
    Instant now() const { return now_; }

    // What other programs and the world outside do; the house hears of it like the daemon would.
    void flush_table();
    void spoil_table();
    // More was announced than the daemon's buffers hold.
    void lose_events();
    void change(const std::function<void(FakeKernel&)>& change);

    // A packet of an endpoint that has no element in a source map; the verdict is in the kernel.
    void first_packet(Proto proto, Endpoint4 inside, Endpoint4 remote);

    // The host with this hardware address is seen at the address; nothing: nobody is.
    void see_neighbour(const IpAddress& address, std::optional<Mac> mac);
    // What a room asks of the engine; its edits reach the kernel.
    void ask(const std::function<void(nat::MappingService&)>& call);
    // What devices send to the DHCP server and hear from it.
    void tell(const dhcp::Event& event);
    std::function<void(const dhcp::Send&)> on_dhcp_sent;
    std::function<void(Ip4)> on_arp_probe;
    // A datagram on a SIP port on its way through the NAT, and as it goes on.
    std::string sip(Endpoint4 source, Endpoint4 destination, std::string_view text);

    // Notices take up to this long, and come twice now and then.
    void set_slowness(Duration most) { slowness_ = most; }
    // Loads are answered later instead of at once.
    void set_slow_loads(Duration most) { slow_loads_ = most; }

    FakeKernel& kernel() { return kernel_; }
    daemon::House& house() { return *house_; }
    const config::Config& wanted() const { return wanted_; }
    Random& random() { return random_; }
    Duration up_to(Duration most);
    // The newest log lines and how the start ended, for a failed test.
    std::string story() const;
    const std::optional<std::string>& start_failure() const { return start_failure_; }

    // How often the table was loaded within one pause of the house, at the most.
    std::size_t most_loads_in_a_pause() const { return most_loads_; }

  private:
    using Action = std::function<void()>;

    void later(Duration delay, Action action) { agenda_.emplace(now_ + delay, std::move(action)); }
    void handle(const daemon::Event& event);
    void handle(const nat::Event& event);
    void perform(daemon::Effects& effects);
    void perform(const daemon::Step& step, daemon::Effects& next);
    void perform(const dhcp::Effects& effects);
    void load(const std::string& text, daemon::Effects& next);
    void commit(const nat::Effects& effects, daemon::Effects& next);
    void look(const sip::Effects& effects, daemon::Effects& next);
    void tell_elements(bool adopt, daemon::Effects& next);
    void notice(const daemon::Event& event);
    void notice_links();
    void count_load();

    SeededRandom random_;
    FakeKernel kernel_;
    config::Config wanted_;
    std::unique_ptr<daemon::House> house_;
    std::uint64_t life_ = 0;  // which daemon an action on the agenda belongs to
    Instant now_{std::chrono::hours(1)};
    std::multimap<Instant, Action> agenda_;
    std::optional<Instant> timer_;
    Duration slowness_{};
    Duration slow_loads_{};
    std::deque<std::string> lines_;
    std::deque<Instant> recent_loads_;
    std::size_t most_loads_ = 0;
    std::optional<std::string> start_failure_;
    dhcp::BootId boot_{1};
    std::vector<std::uint8_t> journal_;  // of leases, on the disk
};

}  // namespace gatehouse::world
