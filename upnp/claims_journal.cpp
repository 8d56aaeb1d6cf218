// SPDX-License-Identifier: GPL-2.0-or-later
//
// The claims and their journal: what is written with each change, and what an earlier run had.
#include "upnp/claims.h"

namespace gatehouse::upnp {

std::string Claims::line_of(const Claim& claim, Instant now) const {
    return journal_line(*find(claim.id), claim.unlimited, claim.mac, now);
}

void Claims::restore(const JournalImage& image, Instant now) {
    for (const JournalEntry& entry : image.entries) {
        const nat::Forward& before = entry.forward;
        if (!authority_.still_allows(before, entry.mac)) continue;
        nat::ForwardRequest request;
        request.proto = before.proto;
        request.outside = before.outside.port;
        request.must_have_port = true;
        request.inside = before.inside;
        request.remote = before.remote;
        request.lifetime = before.expires - now;
        request.owner = before.owner;
        request.description = before.description;
        request.enabled = before.enabled;
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
        if (claim.asked) text += line_of(claim, now);
    }
    const auto pinholes = service_.pinholes();
    for (const nat::Pinhole* pinhole : pinholes)
        text += journal_pinhole(*pinhole, now);
    out.replace_journal = std::move(text);
    out.append_journal.clear();
    lines_ = claims_.size() + pinholes.size();
    fresh_journal_ = false;
    rewritten_ = now;
}

bool Claims::is_history() const {
    constexpr std::size_t kHistory = 256;
    return lines_ > 2 * claims_.size() + kHistory &&
           lines_ > 2 * (claims_.size() + service_.pinholes().size()) + kHistory;
}

void Claims::append_journal(Instant now, std::string& out) {
    for (const nat::Forward& forward : removed_)
        out += journal_removal(forward, now);
    for (const nat::ForwardId id : changed_) {
        if (const Claim* claim = claim_of(id)) out += line_of(*claim, now);
    }
    // One that is over needs no word: the reader knows when it ended.
    for (const nat::PinholeId id : changed_pinholes_) {
        const nat::Pinhole* pinhole = service_.find_pinhole(id);
        out +=
            pinhole != nullptr ? journal_pinhole(*pinhole, now) : journal_pinhole_removal(id, now);
    }
    lines_ += removed_.size() + changed_.size() + changed_pinholes_.size();
}

void Claims::write_journal(Instant now, Effects& out) {
    if (fresh_journal_ || (now - rewritten_ >= kRewritePause && is_history())) {
        rewrite_journal(now, out);
    } else {
        append_journal(now, out.append_journal);
    }
    removed_.clear();
    changed_.clear();
    changed_pinholes_.clear();
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

}  // namespace gatehouse::upnp
