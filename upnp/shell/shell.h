// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sockets of the gateway device: SSDP, NAT-PMP and PCP, and an HTTP server, one of each for
// every inside network. What arrives is fed to the room, and its effects are carried out. A socket
// that cannot be opened is tried again every kRetry, and so is a journal that cannot be written.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>

#include "gateway/control/http_server.h"
#include "upnp/shell/notifier.h"
#include "upnp/shell/sockets.h"
#include "upnp/shell/store.h"

namespace gatehouse::upnp {

class Shell {
  public:
    static constexpr Duration kRetry = 5s;
    static constexpr std::size_t kMostDelayed = 4096;  // messages that wait for their time

    struct Callbacks {
        std::function<void(const Event&)> feed;
        std::function<HttpAnswer(const HttpRequest&)> serve;
        std::function<bool(nat::ForwardId)> is_in_force;
        std::function<void(std::string fact, std::string reason)> warn;
    };

    // The loop and the writer must live as long.
    Shell(loop::Loop& loop, loop::FileWriter& writer, const std::string& state_folder,
          Callbacks callbacks);
    ~Shell();
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;

    Store& store() { return store_; }
    void perform(const Effects& effects);

  private:
    struct Network {
        Lan lan;
        loop::Fd ssdp_group;
        loop::Fd ssdp;
        loop::Fd mapping;
        loop::Fd ssdp6;  // these where the router has an address of IPv6
        loop::Fd mapping6;
        std::unique_ptr<control::HttpServer> http;
        std::unique_ptr<control::HttpServer> http6;
    };

    void listen(const Listen& wanted);
    void open_all();
    // False where something is still closed.
    bool open(Network& network);
    bool open_mapping(Network& network, Ip4 address);
    bool take(Result<loop::Fd> made, loop::Fd& fd, const Network& network, Service service);
    bool watch(Result<loop::Fd> made, loop::Fd& fd, OnDatagram each);
    bool refused(const Status& status);
    bool open_ssdp6(Network& network);
    bool open_http(const Network& network, Result<loop::Fd> listening,
                   std::unique_ptr<control::HttpServer>& server);
    void close(Network& network);
    control::Response answer(const std::string& lan, const control::Request& request) const;
    Network* network_named(std::string_view lan);
    void send(const Send& message);
    void probe_host(const Probe& probe);
    void send_later(const Send& message);
    bool open_upstream();
    void close(loop::Fd& fd);
    void perform_upstream(const Effects& effects);
    void finish(const HttpLater& later);
    void send_due();
    void note_journal(const Status& status);

    loop::Loop& loop_;
    Callbacks callbacks_;
    Store store_;
    Notifier notifier_;
    Notifier fetcher_;  // from the gateway outside
    UpstreamLink upstream_;
    loop::Fd upstream_fd_;
    loop::Fd announcements_fd_;  // of the gateway outside, to all
    std::optional<loop::TimerId> gateway_look_;
    // Answers to a request that is still being put off.
    mutable std::map<std::uint64_t, HttpAnswer> early_;
    mutable bool answering_ = false;
    Listen wanted_;
    std::list<Network> networks_;
    std::optional<loop::TimerId> retry_;
    std::multimap<Instant, Send> delayed_;
    std::optional<loop::TimerId> delay_;
    std::string last_failure_;
    bool journal_works_ = true;
    std::optional<loop::TimerId> rewrite_;  // of the journal
};

}  // namespace gatehouse::upnp
