// SPDX-License-Identifier: GPL-2.0-or-later
//
// Result: a value or the reason why there is none. Input that is wrong is an expected case, so it
// is returned and never thrown. E is the small enum of a room, or Error where a person reads it.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace gatehouse {

// A reason in words, for things that a person reads: configuration, command line, start-up.
struct Error {
    std::string text;

    friend bool operator==(const Error&, const Error&) = default;
};

// Wraps a reason so that it converts into any Result with that reason type.
template <class E>
struct Failure {
    E reason;
};

template <class E>
requires(!std::is_convertible_v<E, std::string_view>)
    [[nodiscard]] Failure<std::decay_t<E>> fail(E&& reason) {
    return {std::forward<E>(reason)};
}

[[nodiscard]] inline Failure<Error> fail(std::string_view text) {
    return {Error{std::string(text)}};
}

// What an errno means: "Address already in use".
std::string error_text(int number);
// The same of errno, behind what was attempted: "bind: Address already in use".
[[nodiscard]] Failure<Error> fail_with_errno(std::string_view attempt);

template <class T, class E = Error>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.reason)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // The value; only when ok().
    T& value() & { return *checked(std::get_if<0>(&state_)); }
    const T& value() const& { return *checked(std::get_if<0>(&state_)); }
    T&& value() && { return std::move(*checked(std::get_if<0>(&state_))); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T value_or(T other) const& { return ok() ? value() : std::move(other); }

    // The reason; only when not ok().
    const E& error() const { return *checked(std::get_if<1>(&state_)); }
    Failure<E> failure() const { return {error()}; }

  private:
    template <class P>
    static P* checked(P* p) {
        assert(p != nullptr);
        return p;
    }

    std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
  public:
    Result() = default;
    Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.reason)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    const E& error() const {
        const E* reason = std::get_if<1>(&state_);
        assert(reason != nullptr);
        return *reason;
    }
    Failure<E> failure() const { return {error()}; }

  private:
    std::variant<std::monostate, E> state_;
};

// Success or a reason in words.
using Status = Result<void, Error>;

}  // namespace gatehouse
