// SPDX-License-Identifier: GPL-2.0-or-later
//
// GENA (UPnP Device Architecture 1.1, section 4): who wants to hear of changes, and what they are
// told. Rules it keeps:
//   - events go to the subscriber and to nobody else: the callback is one address of http, the very
//     address that asked, with a port of 1024 or more (CallStranger, CVE-2020-12695);
//   - the first message carries every evented variable, later ones what has changed since. It
//     leaves kFirstDelay after the answer to the subscription: a client does not know its SID
//     before;
//   - one message at a time is on its way to a subscriber; changes meanwhile are gathered;
//   - who cannot be reached kMostFailures times in a row, or does not renew, is forgotten;
//   - at most as many subscriptions for a host, and for all, as configured.
#pragma once

#include <functional>
#include <map>

#include "upnp/events.h"
#include "upnp/model.h"
#include "upnp/soap.h"

namespace gatehouse::upnp {

// Where events are to be delivered.
struct Callback {
    Endpoint to;
    std::string path;  // with the query

    friend bool operator==(const Callback&, const Callback&) = default;
};

constexpr std::size_t kLongestCallback = 512;

// "<http://192.168.1.20:2869/upnp/eventing/x>"; nothing for anything else, also for two of them.
std::optional<Callback> parse_callback(std::string_view header);
// "Second-1800"; "infinite" and what cannot be read give the longest.
std::chrono::seconds parse_timeout(std::string_view header);

class Gena {
  public:
    static constexpr unsigned kMostFailures = 3;
    static constexpr Duration kFirstDelay = 50ms;
    static constexpr std::chrono::seconds kShortest{1800};  // 4.1.1: at least
    static constexpr std::chrono::seconds kLongest{7200};

    using Values = std::function<SoapValues(Tree, const ServiceModel&)>;

    explicit Gena(const HashKey& secret) : secret_(secret) {}

    void set_limits(std::uint32_t most, std::uint32_t most_of_host) {
        most_ = most;
        most_of_host_ = most_of_host;
    }
    HttpAnswer subscribe(const HttpRequest& request, Tree tree, const ServiceModel& model,
                         Instant now);
    HttpAnswer unsubscribe(const HttpRequest& request);
    // Tells every subscriber what has changed for it.
    void refresh(const Values& values, Instant now, Effects& out);
    // The first message to those whose time has come.
    void welcome(const Values& values, Instant now, Effects& out);
    void done(const NotifyDone& event, const Values& values, Effects& out);
    void expire(Instant now);
    void forget_all() { subscriptions_.clear(); }
    std::optional<Instant> next_deadline() const;
    std::size_t size() const { return subscriptions_.size(); }
    std::uint64_t refused() const { return refused_; }  // because there were too many

  private:
    struct Subscription {
        std::string sid;
        Tree tree = Tree::igd1;
        const ServiceModel* model = nullptr;
        std::string lan;
        IpAddress client;
        Callback callback;
        Instant expires;
        std::optional<Instant> welcome;  // not told anything before
        std::uint32_t sequence = 0;
        unsigned failures = 0;
        bool on_its_way = false;
        bool is_behind = false;  // there was news while a message was on its way
        SoapValues told;
    };
    using Subscriptions = std::map<std::uint32_t, Subscription>;

    HttpAnswer renew(const HttpRequest& request, Instant now);
    Subscriptions::iterator find(const HttpRequest& request);
    std::string new_sid();
    void tell(std::uint32_t id, Subscription& subscription, const Values& values, Effects& out);

    HashKey secret_;
    std::uint32_t most_ = 0, most_of_host_ = 0;
    std::uint64_t refused_ = 0;
    Subscriptions subscriptions_;
    std::uint32_t next_id_ = 1;
};

}  // namespace gatehouse::upnp
