// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/shell.h"

#include <algorithm>

#include "gateway/base/parts.h"
#include "gateway/base/text.h"
#include "upnp/shell/sockets.h"
#include "upnp/soap.h"

namespace gatehouse::upnp {

namespace {

control::HttpLimits limits() {
    control::HttpLimits out;
    out.longest_body = kLongestCall;
    out.memory = 16384;
    out.connections = 192;
    out.of_host = 24;
    out.idle_seconds = 10;
    out.with_head = true;
    return out;
}

control::Response response_of(HttpAnswer answer) {
    return {answer.status,
            std::move(answer.content_type),
            std::move(answer.body),
            std::move(answer.headers),
            nullptr,
            answer.later};
}

}  // namespace

Shell::Shell(loop::Loop& loop, loop::FileWriter& writer, const std::string& state_folder,
             Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      store_(writer, state_folder, [this](const Status& status) { note_journal(status); }),
      notifier_(loop,
                [this](const Notifier::Report& report) {
                    callbacks_.feed(NotifyDone{report.subscription, report.delivered});
                }),
      fetcher_(loop, [this](const Notifier::Report& report) {
          callbacks_.feed(FetchDone{report.subscription, report.answer});
      }) {}

Shell::~Shell() {
    if (retry_) loop_.cancel(*retry_);
    if (rewrite_) loop_.cancel(*rewrite_);
    if (delay_) loop_.cancel(*delay_);
    if (gateway_look_) loop_.cancel(*gateway_look_);
    close(upstream_fd_);
    close(announcements_fd_);
    for (Network& network : networks_)
        close(network);
}

void Shell::perform(const Effects& effects) {
    for (const Send& message : effects.farewells)
        send(message);
    if (effects.listen) listen(*effects.listen);
    if (effects.replace_journal) store_.journal().replace(*effects.replace_journal);
    store_.journal().append(effects.append_journal);
    for (const Probe& probe : effects.probes)
        probe_host(probe);
    for (const Notify& notify : effects.notifies)
        notifier_.deliver(notify);
    perform_upstream(effects);
    for (const HttpLater& later : effects.http_answers)
        finish(later);
    for (const Send& message : effects.sends) {
        if (message.made && !callbacks_.is_in_force(*message.made)) continue;
        if (message.delay <= Duration::zero()) {
            send(message);
        } else {
            send_later(message);
        }
    }
}

void Shell::perform_upstream(const Effects& effects) {
    for (const UpstreamSend& message : effects.upstream_sends) {
        const Endpoint to{message.to.address, message.to.port};
        if (upstream_fd_) send_udp(upstream_fd_.get(), to, message.bytes);
    }
    for (const Fetch& fetch : effects.fetches)
        fetcher_.deliver(
            {fetch.id, fetch.interface, {fetch.to.address, fetch.to.port}, fetch.message, true});
    if (effects.upstream_link && *effects.upstream_link != upstream_) {
        upstream_ = *effects.upstream_link;
        close(upstream_fd_);
        close(announcements_fd_);
        open_all();
    }
    // Later, so that the answer does not come within the call that asked for it.
    if (!effects.ask_gateway || gateway_look_) return;
    gateway_look_ = loop_.after(Duration::zero(), [this] {
        gateway_look_.reset();
        callbacks_.feed(GatewaySeen{default_gateway(upstream_.interface)});
    });
}

// From a port of the router's own, that the rules keep open. Announcements are to a group of which
// every host is a member.
bool Shell::open_upstream() {
    if (upstream_.interface.empty()) return true;
    bool whole = true;
    for (auto [fd, local] : {std::pair{&upstream_fd_, Endpoint4{upstream_.own, Port{}}},
                             {&announcements_fd_, Endpoint4{Ip4{}, kAnnouncePort}}}) {
        if (*fd) continue;
        const auto feed = [this](const Endpoint& from, std::optional<Ip6>, std::string_view bytes) {
            if (!from.address.is_v4()) return;
            callbacks_.feed(UpstreamDatagram{{from.address.v4(), from.port}, std::string(bytes)});
        };
        whole = watch(open_udp(upstream_.interface, local), *fd, feed) && whole;
    }
    return whole;
}

void Shell::finish(const HttpLater& later) {
    HttpAnswer answer = later.answer;
    // What the kernel did not take was never given.
    if (answer.made && !callbacks_.is_in_force(*answer.made)) {
        answer.status = 500;
        answer.body = write_soap_error(SoapError::action_failed);
    }
    if (answering_) early_[later.later] = answer;
    const control::Response response = response_of(std::move(answer));
    for (const Network& network : networks_) {
        for (const auto* server : {&network.http, &network.http6}) {
            if (*server && (*server)->finish(later.later, response)) return;
        }
    }
}

void Shell::send_later(const Send& message) {
    if (delayed_.size() >= kMostDelayed) return;
    const Instant at = loop_.now() + message.delay;
    const bool is_first = delayed_.empty() || at < delayed_.begin()->first;
    delayed_.emplace(at, message);
    if (!is_first) return;
    if (delay_) loop_.cancel(*delay_);
    delay_ = loop_.at(at, [this] { send_due(); });
}

void Shell::send_due() {
    while (!delayed_.empty() && delayed_.begin()->first <= loop_.now()) {
        send(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
    }
    delay_.reset();
    if (!delayed_.empty()) {
        delay_ = loop_.at(delayed_.begin()->first, [this] { send_due(); });
    }
}

void Shell::note_journal(const Status& status) {
    if (!status && journal_works_) {
        callbacks_.warn("forwards will not survive a restart", status.error().text);
    }
    journal_works_ = status.ok();
    if (status || rewrite_) return;
    rewrite_ = loop_.after(kRetry, [this] {
        rewrite_.reset();
        callbacks_.feed(JournalLost{});
    });
}

void Shell::listen(const Listen& wanted) {
    if (wanted == wanted_) return;
    wanted_ = wanted;
    for (Network& network : networks_)
        close(network);
    networks_.clear();
    for (const Lan& lan : wanted.lans) {
        if (!lan.addresses.empty()) networks_.emplace_back().lan = lan;
    }
    open_all();
}

void Shell::open_all() {
    if (retry_) loop_.cancel(*retry_);
    retry_.reset();
    bool whole = open_upstream();
    for (Network& network : networks_)
        whole = open(network) && whole;
    if (whole) {
        last_failure_.clear();
        return;
    }
    retry_ = loop_.after(kRetry, [this] {
        retry_.reset();
        open_all();
    });
}

bool Shell::open(Network& network) {
    const Ip4 address = network.lan.addresses.front().address;
    const std::string& lan = network.lan.name;
    bool whole = true;
    if (wanted_.igd) {
        if (!network.ssdp_group) {
            whole = take(open_udp(lan, {kSsdpGroup, kSsdpPort}), network.ssdp_group, network,
                         Service::ssdp);
        }
        if (!network.ssdp) {
            whole =
                take(open_udp(lan, {address, kSsdpPort}), network.ssdp, network, Service::ssdp) &&
                whole;
        }
        if (!network.http) {
            whole = open_http(network, open_listener(lan, {address, wanted_.http}), network.http) &&
                    whole;
        }
        if (kHasIpv6 && !network.lan.addresses6.empty()) whole = open_ssdp6(network) && whole;
    }
    if (wanted_.mapping) whole = open_mapping(network, address) && whole;
    return whole;
}

bool Shell::open_mapping(Network& network, Ip4 address) {
    const std::string& lan = network.lan.name;
    bool whole = true;
    if (!network.mapping) {
        whole = take(open_udp(lan, {address, kMappingPort}), network.mapping, network,
                     Service::mapping);
    }
    if (kHasIpv6 && !network.mapping6 && !network.lan.addresses6.empty()) {
        whole = take(open_udp6(lan, kMappingPort), network.mapping6, network, Service::mapping) &&
                whole;
    }
    return whole;
}

// A socket that was opened, or not, into its place.
bool Shell::take(Result<loop::Fd> made, loop::Fd& fd, const Network& network, Service service) {
    return watch(std::move(made), fd,
                 [this, service, lan = network.lan.name, alone = &fd == &network.ssdp](
                     const Endpoint& from, std::optional<Ip6> to, std::string_view bytes) {
                     callbacks_.feed(Datagram{service, lan, from, std::string(bytes), to, alone});
                 });
}

bool Shell::watch(Result<loop::Fd> made, loop::Fd& fd, OnDatagram each) {
    if (!made) return refused(made.failure());
    const int number = made->get();
    const Status watched =
        loop_.watch(number, EPOLLIN,
                    [number, each = std::move(each)](std::uint32_t) { read_udp(number, each); });
    if (!watched) return refused(watched);
    fd = std::move(*made);
    return true;
}

void Shell::close(loop::Fd& fd) {
    if (fd) loop_.unwatch(fd.get());
    fd = {};
}

bool Shell::refused(const Status& status) {
    if (last_failure_ != status.error().text) {
        last_failure_ = status.error().text;
        callbacks_.warn("socket is not open, trying again", last_failure_);
    }
    return false;
}

bool Shell::open_ssdp6(Network& network) {
    const std::string& lan = network.lan.name;
    bool whole = true;
    if (!network.ssdp6) {
        whole = take(open_udp6(lan, kSsdpPort), network.ssdp6, network, Service::ssdp);
        for (const Ip6& group : kSsdpGroups6) {
            if (!whole || join6(network.ssdp6.get(), lan, group)) continue;
            whole = refused(fail_with_errno(lan));
            close(network.ssdp6);
        }
    }
    if (network.http6) return whole;
    return open_http(network, open_listener6(lan, wanted_.http), network.http6) && whole;
}

bool Shell::open_http(const Network& network, Result<loop::Fd> listening,
                      std::unique_ptr<control::HttpServer>& server) {
    if (!listening) return refused(listening.failure());
    auto made = control::HttpServer::make(
        loop_, std::move(*listening), [](int) { return false; },
        [this, lan = network.lan.name](const control::Request& request) {
            return answer(lan, request);
        },
        limits());
    if (!made) return refused(made.failure());
    server = std::move(*made);
    return true;
}

void Shell::close(Network& network) {
    for (loop::Fd* fd : {&network.ssdp_group, &network.ssdp, &network.ssdp6, &network.mapping,
                         &network.mapping6}) {
        close(*fd);
    }
    network.http.reset();
    network.http6.reset();
}

control::Response Shell::answer(const std::string& lan, const control::Request& request) const {
    HttpRequest in;
    in.lan = lan;
    in.client = request.peer.address;
    in.local = request.local;
    in.method = request.method;
    in.path = request.path;
    in.headers = request.headers;
    in.body = request.body;
    answering_ = true;
    HttpAnswer out = callbacks_.serve(in);
    answering_ = false;
    const auto early = early_.find(out.later);
    if (out.later != 0 && early != early_.end()) out = std::move(early->second);
    early_.clear();
    return response_of(std::move(out));
}

Shell::Network* Shell::network_named(std::string_view lan) {
    const auto found =
        std::find_if(networks_.begin(), networks_.end(),
                     [lan](const Network& network) { return network.lan.name == lan; });
    return found == networks_.end() ? nullptr : &*found;
}

void Shell::send(const Send& message) {
    const Network* network = network_named(message.lan);
    if (network == nullptr) return;
    const bool ssdp = message.service == Service::ssdp;
    if (message.to.address.is_v6()) {
        const loop::Fd& fd6 = ssdp ? network->ssdp6 : network->mapping6;
        if (fd6) send_udp6(fd6.get(), message.to, message.from, message.bytes);
        return;
    }
    const loop::Fd& fd = ssdp ? network->ssdp : network->mapping;
    if (fd) send_udp(fd.get(), message.to, message.bytes);
}

void Shell::probe_host(const Probe& probe) {
    constexpr Port kDiscard{9};
    const Network* network = network_named(probe.lan);
    if (network == nullptr) return;
    const loop::Fd& fd = network->mapping ? network->mapping : network->ssdp;
    if (fd) send_udp(fd.get(), {probe.host, kDiscard}, {});
}

}  // namespace gatehouse::upnp
