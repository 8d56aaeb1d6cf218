// SPDX-License-Identifier: GPL-2.0-or-later
//
// Deadlines by key: each key is armed at most once. What is due comes out by deadline, and among
// equal deadlines in the order in which they were set, so a run with the same events is the same
// run. A binary heap whose entries know their place: setting, cancelling and popping are O(log n),
// and arming a key again leaves nothing behind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/base/time.h"

namespace gatehouse {

template <class Key, class Hash = std::hash<Key>>
class TimerQueue {
  public:
    explicit TimerQueue(Hash hash = Hash()) : places_(0, std::move(hash)) {}

    // Arms the key, in place of any deadline it had. kNever disarms it.
    void set(const Key& key, Instant deadline);
    // Disarms the key; false where it was not armed.
    bool cancel(const Key& key);
    void clear();

    // The earliest deadline, which may have passed already.
    std::optional<Instant> next() const;
    // Takes out the first key with deadline <= now.
    std::optional<Key> pop_expired(Instant now);

    std::optional<Instant> deadline(const Key& key) const;
    std::size_t size() const { return heap_.size(); }
    bool empty() const { return heap_.empty(); }

  private:
    struct Entry {
        Instant deadline;
        std::uint64_t order = 0;
        Key key;

        bool before(const Entry& other) const {
            return std::tie(deadline, order) < std::tie(other.deadline, other.order);
        }
    };

    void swap_entries(std::size_t a, std::size_t b);
    void move_up(std::size_t place);
    void move_down(std::size_t place);
    void remove_at(std::size_t place);

    std::vector<Entry> heap_;
    std::unordered_map<Key, std::size_t, Hash> places_;  // index into heap_
    std::uint64_t order_ = 0;
};

template <class Key, class Hash>
void TimerQueue<Key, Hash>::set(const Key& key, Instant deadline) {
    if (deadline == kNever) {
        cancel(key);
        return;
    }
    const auto [found, fresh] = places_.try_emplace(key, heap_.size());
    const std::size_t place = found->second;
    if (fresh) {
        heap_.push_back(Entry{deadline, order_++, key});
    } else {
        heap_[place].deadline = deadline;
        heap_[place].order = order_++;
    }
    move_up(place);
    move_down(place);
}

template <class Key, class Hash>
bool TimerQueue<Key, Hash>::cancel(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return false;
    remove_at(found->second);
    return true;
}

template <class Key, class Hash>
void TimerQueue<Key, Hash>::clear() {
    heap_.clear();
    places_.clear();
}

template <class Key, class Hash>
std::optional<Instant> TimerQueue<Key, Hash>::next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().deadline;
}

template <class Key, class Hash>
std::optional<Key> TimerQueue<Key, Hash>::pop_expired(Instant now) {
    if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
    Key key = heap_.front().key;
    remove_at(0);
    return key;
}

template <class Key, class Hash>
std::optional<Instant> TimerQueue<Key, Hash>::deadline(const Key& key) const {
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    return heap_[found->second].deadline;
}

template <class Key, class Hash>
void TimerQueue<Key, Hash>::swap_entries(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    places_.find(heap_[a].key)->second = a;
    places_.find(heap_[b].key)->second = b;
}

template <class Key, class Hash>
void TimerQueue<Key, Hash>::move_up(std::size_t place) {
    while (place > 0) {
        const std::size_t parent = (place - 1) / 2;
        if (!heap_[place].before(heap_[parent])) return;
        swap_entries(place, parent);
        place = parent;
    }
}

template <class Key, class Hash>
void TimerQueue<Key, Hash>::move_down(std::size_t place) {
    for (;;) {
        std::size_t first = place;
        for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
            if (child < heap_.size() && heap_[child].before(heap_[first])) first = child;
        }
        if (first == place) return;
        swap_entries(place, first);
        place = first;
    }
}

template <class Key, class Hash>
void TimerQueue<Key, Hash>::remove_at(std::size_t place) {
    const std::size_t last = heap_.size() - 1;
    if (place != last) swap_entries(place, last);
    places_.erase(heap_[last].key);
    heap_.pop_back();
    if (place == last) return;
    // The entry that came from the end may belong above or below this place.
    move_up(place);
    move_down(place);
}

}  // namespace gatehouse
