// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts what operator new gives out. To be included by one file of a program.
//
// Not where a sanitizer has an allocator of its own: GATEHOUSE_FOREIGN_ALLOCATOR.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define GATEHOUSE_FOREIGN_ALLOCATOR
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GATEHOUSE_FOREIGN_ALLOCATOR
#endif
#endif

#ifndef GATEHOUSE_FOREIGN_ALLOCATOR
#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

std::size_t live_bytes = 0;
std::size_t allocations = 0;

void* counted(std::size_t size) {
    void* p = std::malloc(size);
    if (p == nullptr) throw std::bad_alloc();
    live_bytes += malloc_usable_size(p) + sizeof(std::size_t);
    ++allocations;
    return p;
}

void uncounted(void* p) {
    if (p == nullptr) return;
    live_bytes -= malloc_usable_size(p) + sizeof(std::size_t);
    std::free(p);
}

}  // namespace

void* operator new(std::size_t size) {
    return counted(size);
}
void operator delete(void* p) noexcept {
    uncounted(p);
}
void operator delete(void* p, std::size_t) noexcept {
    uncounted(p);
}
#endif
