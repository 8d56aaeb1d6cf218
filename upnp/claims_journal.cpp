// SPDX-License-Identifier: GPL-2.0-or-later
//
// The claims and their journal: what is written with each change, and what an earlier run had.
#include "upnp/claims.h"

namespace gatehouse::upnp {

JournalEntry Claims::entry_of(const nat::Forward& forward, const Claim& claim) const {
    JournalEntry entry;
    entry.proto = forward.proto;
    entry.outside = forward.outside.port;
    entry.inside = forward.inside;
    entry.remote = forward.remote;
    entry.owner = forward.owner;
    entry.description = forward.description;
    entry.enabled = forward.enabled;
    entry.unlimited = claim.unlimited;
    entry.mac = claim.mac;
    entry.expires = forward.expires;
    return entry;
}

nat::Forward Claims::forward_of(const JournalEntry& entry) {
    nat::Forward out;
    out.proto = entry.proto;
    out.outside.port = entry.outside;
    out.inside = entry.inside;
    out.owner = entry.owner;
    return out;
}

void Claims::restore(const JournalImage& image, Instant now) {
    for (const JournalEntry& entry : image.entries) {
        if (!authority_.still_allows(forward_of(entry), entry.mac)) continue;
        nat::ForwardRequest request;
        request.proto = entry.proto;
        request.outside = entry.outside;
        request.must_have_port = true;
        request.inside = entry.inside;
        request.remote = entry.remote;
        request.lifetime = entry.expires - now;
        request.owner = entry.owner;
        request.description = entry.description;
        request.enabled = entry.enabled;
        const auto made = service_.request(request, now);
        if (!made) continue;
        Claim* claim = claim_of(made->id);
        claim->seen = now;
        claim->mac = entry.mac;
        claim->unlimited = entry.unlimited;
        if (!next_look_) next_look_ = now + kLook;
    }
    restore_pinholes(image, now);
}

void Claims::begin_journal(std::string boot, Instant epoch) {
    boot_ = std::move(boot);
    epoch_ = epoch;
    fresh_journal_ = true;
}

void Claims::rewrite_journal(Instant now, Effects& out) {
    std::string text = journal_head(boot_, epoch_);
    for (const Claim& claim : claims_) {
        if (claim.asked) text += journal_line(entry_of(*find(claim.id), claim), now);
    }
    pinholes_.clear();
    write_pinholes(now, text);
    out.replace_journal = std::move(text);
    out.append_journal.clear();
    lines_ = claims_.size() + pinholes_.size();
    fresh_journal_ = false;
    rewritten_ = now;
}

void Claims::write_journal(Instant now, Effects& out) {
    // A journal that is mostly history is written anew.
    constexpr std::size_t kHistory = 256;
    const bool is_history = lines_ > 2 * (claims_.size() + pinholes_.size()) + kHistory;
    const bool due = fresh_journal_ || (is_history && now - rewritten_ >= kRewritePause);
    if (due) {
        rewrite_journal(now, out);
    } else {
        for (const JournalEntry& entry : removed_)
            out.append_journal += journal_removal(entry, now);
        for (const nat::ForwardId id : changed_) {
            const Claim* claim = claim_of(id);
            if (claim == nullptr) continue;
            out.append_journal += journal_line(entry_of(*find(id), *claim), now);
        }
        lines_ += removed_.size() + changed_.size();
        if (pinholes_touched_) write_pinholes(now, out.append_journal);
    }
    removed_.clear();
    changed_.clear();
}

// With the same numbers, by which the devices will ask for them.
void Claims::restore_pinholes(const JournalImage& image, Instant now) {
    for (const nat::Pinhole& one : image.pinholes) {
        if (!authority_.still_allows(one)) continue;
        nat::PinholeRequest request;
        request.inside = one.inside;
        request.host = one.host;
        request.proto = one.proto;
        request.port = one.port;
        request.remote = one.remote;
        request.lifetime = one.expires - now;
        request.owner = one.owner;
        request.description = one.description;
        request.id = one.id;
        (void)service_.open_pinhole(request, now);
    }
}

// What differs from the journal. One that is over needs no word: the reader knows when it ended.
void Claims::write_pinholes(Instant now, std::string& out) {
    pinholes_touched_ = false;
    std::map<nat::PinholeId, nat::Pinhole> there;
    for (nat::Pinhole& one : service_.pinholes()) {
        const auto before = pinholes_.find(one.id);
        if (before == pinholes_.end() || before->second != one) {
            out += journal_pinhole(one, now);
            ++lines_;
        }
        there.emplace(one.id, std::move(one));
    }
    for (const auto& [id, one] : pinholes_) {
        if (there.contains(id) || one.expires <= now) continue;
        out += journal_pinhole_removal(id, now);
        ++lines_;
    }
    pinholes_ = std::move(there);
}

}  // namespace gatehouse::upnp
