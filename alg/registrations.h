// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the house's hosts have registered (RFC 3261 10), learned from the answers of registrars
// alone. For as long as a registrar has granted it, the outside endpoint of the registered flow
// stays what it is and the registrar may send to it, however silent both are, and so may the few
// servers that it names by address in Path and Service-Route. Asking opens nothing; only the 2xx of
// the very server that was asked does. While the host is silent, datagrams in its name keep
// whatever else stands on the way open (RFC 5626 4.4).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alg/books.h"
#include "alg/message.h"
#include "alg/saved.h"
#include "gateway/base/timer_queue.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::sip {

// An empty message that is due, of the endpoint to the registrar.
struct KeepAlive {
    Endpoint4 inside;
    Endpoint4 remote;
};

// Whether the answer grants the flow a registration; nothing where it says nothing of one.
std::optional<bool> grants(const Message& message, const Flow& flow);

class Registrations {
  public:
    static constexpr std::size_t kMost = 10000;        // flows that the configuration may allow
    static constexpr std::size_t kMostAccounts = 128;  // on one flow
    static constexpr std::size_t kMostAsked = 16;      // requests of one flow without an answer
    static constexpr Duration kGrace = 32s;            // beyond what was granted
    static constexpr Duration kAnswerTime = 40s;
    static constexpr Duration kLongest = 24h;

    enum class Change : std::uint8_t { none, began, renewed, ended };

    Registrations(nat::MappingService& service, Duration keep_alive)
        : service_(service), keep_alive_(keep_alive) {}

    void set_limits(std::uint32_t most, std::uint32_t most_of_host) {
        most_ = most;
        most_of_host_ = most_of_host;
    }
    // A REGISTER of a host on its way out, as the host wrote it.
    void take_request(const Message& message, const Flow& flow, Instant now);
    // An answer to one, as the registrar wrote it.
    Change take_response(const Message& message, const Flow& flow, Instant now);
    // The host has sent something to the registrar.
    void note_traffic(Endpoint4 inside, Endpoint4 remote, Instant now);
    // The next one that is due.
    std::optional<KeepAlive> pop_keep_alive(Instant now);
    // Zero: none.
    void set_keep_alive(Duration period, Instant now);
    // What a restart shall not lose, and how it comes back. The version changes with it.
    std::vector<SavedRegistration> saved(Instant now) const;
    void restore(const SavedRegistration& one, Instant now);
    std::uint64_t version() const { return version_; }
    // What has changed since it was asked last; with no time left: it ended.
    std::vector<SavedRegistration> take_changed() { return std::exchange(changed_, {}); }
    // Forgets what is over; the number of registrations that ended so.
    std::size_t expire(Instant now);
    using IsMeant = std::function<bool(Endpoint4 inside, Endpoint4 registrar)>;
    void release_if(const IsMeant& is_meant, Instant now);

    std::optional<Instant> next_deadline() const;
    // Flows that are registered.
    std::size_t size() const { return active_; }
    // And those that may become so: what the limits are about.
    std::size_t open_flows() const { return registrations_.size(); }
    std::uint64_t refused() const { return refused_; }  // because there were too many

  private:
    struct Asked {
        std::string call_id;
        std::uint32_t cseq = 0;
        std::string account;
        bool names_itself = false;  // with a contact that leads back to the flow
        Instant until;
    };
    struct Account {
        std::string name;
        Instant until;
    };
    struct Registration {
        std::uint32_t number = 0;
        std::vector<Asked> asked;
        std::vector<Account> accounts;
        nat::ForwardId hole = 0;
        Port outside;
        Port remote;  // of the registrar
        Instant spoke;
    };
    using Key = std::pair<Endpoint4, Ip4>;  // inside, registrar

    // The registration of that flow, made where there is room.
    Registration* open(const Key& key, Instant now);
    // What the account was granted on that flow until then.
    Change keep(const Key& key, Registration& registration, const Flow& flow,
                const Account& granted, Instant now);
    Change grant(const Key& key, Registration& registration, const Flow& flow, Instant now);
    void close(const Key& key, Registration& registration, Instant now);
    void arm(const Registration& registration, Instant now);
    void erase(std::map<Key, Registration>::iterator at, Instant now);

    nat::MappingService& service_;
    Duration keep_alive_;
    std::uint32_t most_ = 0, most_of_host_ = 0;
    std::uint64_t refused_ = 0;
    std::map<Key, Registration> registrations_;
    std::map<std::uint32_t, Key> by_number_;
    std::map<Ip4, std::uint32_t> of_host_;
    TimerQueue<std::uint32_t> timers_;
    TimerQueue<std::uint32_t> keep_alives_;  // of those that are registered
    std::uint32_t next_ = 1;
    std::size_t active_ = 0;
    std::uint64_t version_ = 0;
    std::vector<SavedRegistration> changed_;
};

}  // namespace gatehouse::sip
