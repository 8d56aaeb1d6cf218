// SPDX-License-Identifier: GPL-2.0-or-later
//
// The house of the daemon, with all its rooms, on a virtual clock, a double of the kernel and one
// of the disk. Everything that happens follows from a seed. A fault may strike at any seam: a load,
// a commit or a dump that fails, a disk that is full or loses its power, a notice that comes late,
// twice or never, a daemon that dies with effects half done, a clock that stood still.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>

#include "dhcp/journal.h"
#include "gateway/base/random.h"
#include "gateway/daemon/house.h"
#include "tests/world/fake_disk.h"
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
    // The same in the midst of what it is doing, after so many more things that it has done.
    void kill_after(unsigned things) { things_to_do_ = things; }
    void never_mind() { things_to_do_.reset(); }
    // What begins after this is another boot, of an empty kernel.
    void reboot();
    // The same, and the disk loses what was not forced to it.
    void cut_power();
    bool runs() const { return house_ != nullptr; }
    std::uint64_t life() const { return life_; }  // another number for each start and death
    void reconfigure(const config::Config& config);

    // Lets virtual time pass; what is due happens in its order.
    void pass(Duration time);
    // Time in which nothing happens, as for a machine that is suspended.
    void suspend(Duration time) { now_ += time; }
    Instant now() const { return now_; }

    // What other programs and the world outside do; the house hears of it like the daemon would.
    void flush_table();
    void spoil_table();
    // More was announced than the daemon's buffers hold.
    void lose_events();
    void change(const std::function<void(FakeKernel&)>& change);

    // A packet of an endpoint that has no element in a source map; the verdict is in the kernel.
    void first_packet(Proto proto, Endpoint4 inside, Endpoint4 remote);
    // A packet of any endpoint, as the rules treat it; its session lives for this long.
    void packet(Proto proto, Endpoint4 inside, Endpoint4 remote, Duration life);

    // The host with this hardware address is seen at the address; nothing: nobody is.
    void see_neighbour(const IpAddress& address, std::optional<Mac> mac);
    // What a room asks of the engine; its edits reach the kernel.
    void ask(const std::function<void(nat::MappingService&)>& call);
    // What devices send to the DHCP server and hear from it.
    void tell(const dhcp::Event& event);
    std::function<void(const dhcp::Send&)> on_dhcp_sent;
    std::function<void(Ip4)> on_arp_probe;
    // What devices send to the gateway device and hear from it.
    void tell(const upnp::Event& event);
    upnp::HttpAnswer serve(const upnp::HttpRequest& request);
    std::function<void(const upnp::Send&)> on_upnp_sent;
    static constexpr HashKey kIdentity{1, 2};  // of the gateway device
    // Whether all that was promised to devices, and to who asked by command, is in its file; and
    // what happens when a daemon dies.
    bool keeps_forwards() const { return !files_.journal_retry; }
    bool keeps_commands() const { return !files_.forwards_wait; }
    bool keeps_registrations() const { return !files_.sip_waits; }
    std::function<void()> on_death;
    // What somebody asks for by command; it is kept in its file.
    void command(const std::function<void(nat::MappingService&)>& call);
    // A datagram on a SIP port on its way through the NAT, and as it goes on.
    std::string sip(Endpoint4 source, Endpoint4 destination, std::string_view text);

    // Notices take up to this long, and come twice now and then.
    void set_slowness(Duration most) { slowness_ = most; }
    // Loads are answered later instead of at once.
    void set_slow_loads(Duration most) { slow_loads_ = most; }

    FakeKernel& kernel() { return kernel_; }
    FakeDisk& disk() { return disk_; }
    daemon::House& house() { return *house_; }
    const config::Config& wanted() const { return wanted_; }
    Random& random() { return random_; }
    Duration up_to(Duration most);
    // The newest log lines and how the start ended.
    std::string story() const;
    // The same as the message of a check, put into words only if the check fails.
    struct Story {
        const World& world;
        friend std::ostream& operator<<(std::ostream& out, const Story& story) {
            return out << story.world.story();
        }
    };
    Story told() const { return {*this}; }
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
    void perform(const upnp::Effects& effects);
    void save_leases(const std::vector<dhcp::Change>& changes);
    void rewrite_leases();
    void rewrite_leases_later();
    void note_forwards_journal(bool kept);
    void save(const sip::Effects& effects);
    void save_sip();
    void save_sip_after(Duration pause);
    void save_forwards();
    void force_disk_later();
    void give(const nat::Verdict& verdict);
    void tell_sessions(daemon::Effects& next);
    using SessionPlace = std::tuple<Proto, Endpoint4, Endpoint4, bool>;
    struct SessionPart {
        std::vector<nat::Session> sessions;
        std::optional<SessionPlace> end;
        bool last = false;
    };
    void begin_session_parts(daemon::Effects& next);
    SessionPart next_session_part(const std::optional<SessionPlace>& after);
    void read_session_parts(SessionPart part);
    void end_sessions();
    // Whether the daemon dies now, before it goes on.
    bool dies();
    std::string boot_name() const;
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
    std::optional<std::uint64_t> session_parts_;  // the life that is reading them
    Duration slowness_{};
    Duration slow_loads_{};
    bool loaded_ = false;  // in this life
    std::deque<std::string> lines_;
    std::deque<Instant> recent_loads_;
    std::size_t most_loads_ = 0;
    std::optional<std::string> start_failure_;
    dhcp::BootId boot_{1};
    std::vector<std::pair<IpAddress, Mac>> neighbours_;
    std::optional<unsigned> things_to_do_;
    std::uint32_t token_ = 0;
    std::map<std::uint32_t, nat::FirstPacket> asked_;
    Duration session_life_{};  // of those that begin now
    std::uint32_t starts_ = 0;
    FakeDisk disk_;
    // Of the daemon that runs, as its shells keep it.
    struct Files {
        bool leases_open = false;  // and whole
        bool leases_retry = false;
        bool journal_open = false;
        bool journal_retry = false;
        bool sip_waits = false;
        bool forwards_wait = false;
        bool force_waits = false;
    };
    Files files_;
};

}  // namespace gatehouse::world
