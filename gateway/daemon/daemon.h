// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemon: runs the house on the real kernel. It reads events (links, nftables, signals, the
// control socket, time), hands them to House::handle and carries out the effects in their order.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alg/shell/sip_shell.h"
#include "alg/shell/tcp_proxy.h"
#include "dhcp/shell/shell.h"
#include "gateway/base/log.h"
#include "gateway/control/history.h"
#include "gateway/control/http_server.h"
#include "gateway/control/status.h"
#include "gateway/daemon/house.h"
#include "gateway/daemon/line_file.h"
#include "gateway/daemon/log_writer.h"
#include "gateway/daemon/nat_shell.h"
#include "gateway/daemon/privileges.h"
#include "gateway/kernel/conntrack.h"
#include "gateway/kernel/links.h"
#include "gateway/kernel/neighbours.h"
#include "gateway/kernel/nft_watch.h"
#include "gateway/loop/loop.h"
#include "upnp/shell/shell.h"

namespace gatehouse::daemon {

class Daemon {
  public:
    // config_file is read again at each reload.
    Daemon(std::string config_file, config::Config config, LogWriter& log);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon();

    // From the lock to the loaded ruleset; the error is one line for a person. When it returns
    // well, the gateway works.
    Status start();
    // Works until it is told to stop.
    Status run();

  private:
    Status open_sockets();
    Status watch_everything();
    // What is said and stored at last.
    Status end();
    void handle(const Event& event);
    // Calls of the engine's service have left effects: carries them out.
    void flush_nat();
    // Carries out the effects, and those that come of them, until there are none.
    void perform(Effects& effects);
    void perform(const Step& step, Effects& next);
    NatShell::Feed feed_into(Effects& next);
    void load_ruleset(const std::string& text, Effects& next);
    void set_timeouts(const config::Timeouts& timeouts);
    void enable_forwarding();
    void say_slow(const loop::SlowTurn& turn);
    void set_timer(Instant at);
    void read_links();
    void read_commits();
    void read_queue();
    // daemon_sip.cpp
    void read_sip(sip::SipShell::Source source);
    void handle(const sip::Event& event);
    std::optional<Port> open_sip_proxy();
    void look_at_media();
    void read_media_scan();
    void end_strangers(const std::vector<sip::MediaSession>& more);
    void end_strangers();
    // daemon_files.cpp
    Places places() const;
    Status open_files();
    std::string state_file(std::string_view name) const;
    std::string saved_forwards() const;
    // What could not be stored is tried again after kSaveAgain: a disk does not stay full.
    static constexpr Duration kSaveAgain = 60s;
    void save_forwards();
    // Phones that are silent are reached after a restart, too.
    void restore_sip();
    // What has changed, behind what there is; all where that has become too long.
    void save_sip(const sip::Effects& effects);
    void save_sip_soon();
    void save_sip();
    void read_neighbours();
    void tell_neighbours();
    void look_at_ports();
    void return_memory();
    // daemon_dhcp.cpp
    void open_dhcp();
    void handle(const dhcp::Event& event);
    void serve_dhcp_links();
    std::vector<Ip4> inside_addresses() const;  // of the router
    // daemon_upnp.cpp
    upnp::Setup open_upnp();
    void handle(const upnp::Event& event);
    upnp::HttpAnswer serve_upnp(const upnp::HttpRequest& request);
    void perform(const upnp::Effects& effects);
    void read_wan_counters();
    control::StatusView::Upstream upstream_status() const;
    void say_goodbye();
    // The translated IPv4 sessions of the kernel; nothing when it does not tell.
    std::optional<std::vector<kernel::Session>> sessions();
    // daemon_web.cpp
    struct WebPlace {
        Endpoint listen;
        std::string interface {};  // of the house, where the address is one of its addresses
        unsigned index = 0;

        friend bool operator==(const WebPlace&, const WebPlace&) = default;
    };
    std::optional<WebPlace> web_place() const;
    void open_web();  // where it is not open as it shall be
    void web_failed(const std::string& why);
    control::Response serve_web(const control::Request& request);
    control::Response serve_events(const control::Request& request);
    void publish(const std::vector<control::Happening>& events);
    void wake_listeners(Duration delay);
    void beat();  // while somebody listens
    void remember_hour();
    // A number that the kernel keeps of the outside interface; 0 for none.
    std::uint64_t wan_number(std::string_view file) const;
    void say(Level level, std::string fact, std::vector<LogLine::Field> fields = {});

    control::Response serve(const control::Request& request);
    std::optional<control::Response> serve_rooms(const control::Request& request);
    control::Response serve_get(const control::Request& request);
    control::Response serve_reload(const control::Request& request);
    control::Response reload(const std::string& text);
    void reload_by_signal();
    control::Response serve_why(const control::Request& request);
    control::StatusView status() const;
    std::string metrics_text();
    void count_dropped();

    std::string config_file_;
    LogWriter& log_;
    House house_;
    std::unique_ptr<loop::Loop> loop_;
    loop::Fd lock_;
    loop::Fd state_folder_;  // locked, too
    std::optional<loop::FileWriter> writer_;
    std::optional<LineFile> registrations_file_;
    std::optional<LineFile> calls_file_;
    std::optional<loop::WrittenFile> forwards_file_;
    std::optional<kernel::LinkWatch> links_;
    std::optional<kernel::NftWatch> nft_;
    std::optional<kernel::NeighbourWatch> neighbours_;
    std::optional<NatShell> nat_;
    std::optional<dhcp::Shell> dhcp_;
    std::optional<sip::SipShell> sip_;  // nothing where the kernel has no queues
    std::optional<kernel::SessionScan> media_scan_;
    std::vector<sip::MediaSession> media_seen_;  // of the look that goes on
    std::vector<sip::MediaSession> strangers_;   // whose sessions are still to be ended
    std::unique_ptr<sip::TcpProxy> sip_proxy_;   // nothing where the kernel cannot lead to it
    std::unique_ptr<upnp::Shell> upnp_;
    control::EventLog events_;  // before the servers, whose streams read it
    std::unique_ptr<control::HttpServer> control_;
    std::unique_ptr<control::HttpServer> web_;  // nothing while it is not open
    std::optional<WebPlace> web_at_;
    std::string web_failure_;  // that the log has
    std::string host_name_;
    std::optional<loop::TimerId> beat_;
    std::map<std::string, std::uint64_t> dropped_;  // by the rules, as last read
    control::History history_;
    std::optional<loop::TimerId> timer_;
    std::optional<loop::TimerId> saving_;  // of the SIP gateway, what is not in its files yet
    std::optional<loop::TimerId> saving_forwards_;
    Instant stamped_{};            // when all of them was written
    config::Config start_config_;  // what only a restart changes is compared with it
    Safeguards safeguards_;
    control::StatusView::Facts kernel_facts_;
    std::optional<std::string> failure_;
    bool stopping_ = false;
};

// The interfaces as the house wants to know them.
std::vector<Interface> interfaces_of(const kernel::LinkTable& table);

// What the running kernel offers, by name, for `gatehouse status`.
control::StatusView::Facts kernel_facts();
bool has_fact(const control::StatusView::Facts& facts, std::string_view name);

Level level_of(config::LogLevel level);

// In seconds since 1970.
std::chrono::seconds time_of_day();

// What a changed configuration cannot change before a restart, by option name.
std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after);

}  // namespace gatehouse::daemon
