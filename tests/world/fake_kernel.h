// SPDX-License-Identifier: GPL-2.0-or-later
//
// A double of the kernel, as far as the house can see it: interfaces, one table, the forwarding
// switch. It outlives the daemon, like the real one, and it is where faults come from.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/daemon/house.h"

namespace gatehouse::world {

class FakeKernel {
  public:
    // Why the next load fails; empty for success.
    std::optional<Error> load(const std::string& text) {
        if (refusals_ > 0) {
            --refusals_;
            return Error{"no buffer space available"};
        }
        table_ = text;  // elements stay, as in the real one
        ++loads_;
        return std::nullopt;
    }
    void refuse_next_loads(unsigned count) { refusals_ = count; }
    void flush() {
        table_.reset();
        elements_.clear();
        pinholes_.clear();
    }
    void spoil() { table_ = "somebody else's rules"; }
    // Whether anything could pass from one interface to another without a ruleset ever loaded.
    void enable_forwarding() {
        forwarding_ = true;
        if (loads_ == 0) forwarded_unfiltered_ = true;
    }

    // One transaction, as strict as the real kernel: a key with another value, or the removal of
    // what is not there, spoils it all. Elements need their table.
    bool commit(std::span<const nat::Edit> edits) {
        if (refused_commits_ > 0) {
            --refused_commits_;
            return false;
        }
        if (!table_) return false;
        auto after = elements_;
        for (const nat::Edit& edit : edits) {
            if (edit.kind == nat::Edit::Kind::refresh) continue;
            const auto same = std::find_if(after.begin(), after.end(), [&](const nat::Element& e) {
                return e.same_key(edit.element);
            });
            if (edit.kind == nat::Edit::Kind::remove) {
                if (same == after.end()) return false;
                after.erase(same);
            } else if (same == after.end()) {
                after.insert(edit.element);
            } else if (*same != edit.element) {
                return false;
            }
        }
        elements_ = std::move(after);
        return true;
    }
    // The same for the IPv6 filter.
    bool commit(std::span<const nat::PinholeEdit> edits) {
        if (refused_commits_ > 0) {
            --refused_commits_;
            return false;
        }
        if (!table_) return false;
        auto after = pinholes_;
        for (const nat::PinholeEdit& edit : edits) {
            if (edit.add) after.insert(edit.element);
            if (!edit.add && after.erase(edit.element) == 0) return false;
        }
        pinholes_ = std::move(after);
        return true;
    }
    void refuse_next_commits(unsigned count,
                             nat::CommitFailed::Why why = nat::CommitFailed::Why::different) {
        refused_commits_ = count;
        why_ = why;
    }
    nat::CommitFailed::Why why_refused() const { return why_; }
    std::vector<nat::Element> elements() const { return {elements_.begin(), elements_.end()}; }
    std::vector<nat::PinholeElement> pinholes() const {
        return {pinholes_.begin(), pinholes_.end()};
    }

    // As the daemon lists them: a set of elements, or half of the sessions, may be missing.
    void break_next_dumps(unsigned count) { broken_dumps_ = count; }
    bool breaks_dump() {
        if (broken_dumps_ == 0) return false;
        --broken_dumps_;
        return true;
    }

    // Sessions that are translated; what uses one again prolongs it.
    struct LiveSession {
        nat::Session session;
        Instant ends;
        Instant began;
    };
    void use(const nat::Session& session, Instant now, Instant ends) {
        for (LiveSession& live : sessions) {
            const nat::Session& one = live.session;
            if (one.proto != session.proto || one.inside != session.inside ||
                one.remote != session.remote) {
                continue;
            }
            live.ends = ends;
            return;
        }
        sessions.push_back({session, ends, now});
    }
    // Takes those away that are over, and gives them.
    std::vector<nat::Session> end_sessions(Instant now) {
        std::vector<nat::Session> out;
        std::erase_if(sessions, [&](const LiveSession& live) {
            if (live.ends > now) return false;
            out.push_back(live.session);
            return true;
        });
        return out;
    }
    std::vector<nat::Session> list_sessions(Instant now) const {
        std::vector<nat::Session> out;
        for (const LiveSession& live : sessions) {
            out.push_back(live.session);
            out.back().expires = live.ends - now;
        }
        return out;
    }
    // Where a packet of this flow leaves, by the maps.
    std::optional<Endpoint4> outside_of(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
        for (const nat::Element& element : elements_) {
            if (!nat::is_source(element.set) || element.proto != proto || element.key != inside)
                continue;
            const bool address =
                element.remote.address.is_any() || element.remote.address == remote.address;
            const bool port = element.remote.port == Port{} || element.remote.port == remote.port;
            if (address && port) return element.value;
        }
        return std::nullopt;
    }

    std::vector<LiveSession> sessions;
    std::vector<nat::Verdict> verdicts;

    const std::optional<std::string>& table() const { return table_; }
    bool forwarding() const { return forwarding_; }
    bool forwarded_unfiltered() const { return forwarded_unfiltered_; }
    std::size_t loads() const { return loads_; }

    std::vector<daemon::Interface> interfaces;

    daemon::Interface* find(std::string_view name) {
        for (daemon::Interface& interface : interfaces) {
            if (interface.name == name) return &interface;
        }
        return nullptr;
    }

  private:
    std::optional<std::string> table_;
    std::set<nat::Element> elements_;
    std::set<nat::PinholeElement> pinholes_;
    unsigned refused_commits_ = 0;
    nat::CommitFailed::Why why_ = nat::CommitFailed::Why::different;
    bool forwarding_ = false;
    bool forwarded_unfiltered_ = false;
    std::size_t loads_ = 0;
    unsigned refusals_ = 0;
    unsigned broken_dumps_ = 0;
};

}  // namespace gatehouse::world
