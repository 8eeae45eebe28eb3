#pragma once

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

#include "quasio/asio.hpp"

namespace quasio::runtime {

/// Something with operations that can be cancelled one by one.
class cancellable {
public:
  /// Ends the pending operation with that tag with operation_aborted; does nothing when it has ended. Called on the
  /// executor of the object.
  virtual void cancel_operation(std::uint64_t tag) = 0;

  /// The same for those to whom it matters which kind was asked for; by default all are one.
  virtual void cancel_operation_as(std::uint64_t tag, asio::cancellation_type kind) {
    static_cast<void>(kind);
    cancel_operation(tag);
  }

protected:
  ~cancellable() = default;
};

/// A number that no other operation of this process has.
std::uint64_t next_operation_tag() noexcept;

/// A completion handler of any type that waits for its operation to end, and keeps its executor's context at work
/// meanwhile. Its memory comes from the handler's own allocator, by default Asio's recycled blocks.
///
/// Destroying it unfinished destroys the handler unheard, as happens when an io_context is destroyed.
template <class... Arguments>
class pending_completion {
public:
  pending_completion() noexcept = default;

  /// Takes the handler over; it runs on its own executor, and on `io_executor` where it has none.
  template <class Handler>
  pending_completion(Handler handler, const asio::any_io_executor& io_executor)
      : held_(holder<Handler>::create(std::move(handler), io_executor)) {}

  pending_completion(pending_completion&& other) noexcept
      : held_(std::exchange(other.held_, nullptr)), tag_(std::exchange(other.tag_, 0)) {}
  pending_completion& operator=(pending_completion&& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(tag_, other.tag_);
    return *this;
  }
  ~pending_completion() {
    if (held_ != nullptr) held_->destroy();
  }

  /// Whether an operation waits.
  explicit operator bool() const noexcept { return held_ != nullptr; }

  /// 0 for an operation that cannot be cancelled by itself.
  std::uint64_t tag() const noexcept { return tag_; }

  /// Lets the handler's cancellation slot, if it has one, call cancel_operation() of `target` on `executor`. Call it
  /// where the operation is initiated, since the slot belongs to that thread.
  void allow_cancellation(const asio::any_io_executor& executor, const std::shared_ptr<cancellable>& target) {
    asio::cancellation_slot slot = held_->slot();
    if (!slot.is_connected()) return;
    tag_ = next_operation_tag();
    slot.assign([executor, tag = tag_, weak = std::weak_ptr<cancellable>(target)](asio::cancellation_type kind) {
      asio::post(executor, [tag, kind, weak] {
        if (const auto alive = weak.lock()) alive->cancel_operation_as(tag, kind);
      });
    });
  }

  /// Posts the handler with these arguments; the operation is over. Never calls the handler from within. Does nothing
  /// when the operation is over already.
  void complete(Arguments... arguments) {
    if (base* held = std::exchange(held_, nullptr)) held->complete(std::move(arguments)...);
  }

private:
  struct base {
    virtual void complete(Arguments... arguments) = 0;
    virtual void destroy() noexcept = 0;
    virtual asio::cancellation_slot slot() const noexcept = 0;

  protected:
    ~base() = default;
  };

  template <class Handler>
  struct holder final : base {
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
    using allocator_type = typename std::allocator_traits<
        asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>>::template rebind_alloc<holder>;

    holder(Handler&& with, const asio::any_io_executor& io_executor)
        : handler(std::move(with)), work(asio::get_associated_executor(handler, io_executor)) {}

    static holder* create(Handler&& handler, const asio::any_io_executor& io_executor) {
      allocator_type allocator(asio::get_associated_allocator(handler, asio::recycling_allocator<void>()));
      holder* memory = std::allocator_traits<allocator_type>::allocate(allocator, 1);
      return ::new (static_cast<void*>(memory)) holder(std::move(handler), io_executor);
    }

    void destroy() noexcept override {
      allocator_type allocator(asio::get_associated_allocator(handler, asio::recycling_allocator<void>()));
      this->~holder();
      std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
    }

    asio::cancellation_slot slot() const noexcept override {
      return asio::get_associated_cancellation_slot(handler, asio::cancellation_slot());
    }

    void complete(Arguments... arguments) override {
      Handler last(std::move(handler));
      asio::executor_work_guard<executor_type> guard(std::move(work));
      destroy();
      asio::post(guard.get_executor(),
                 [run = std::move(last), values = std::tuple<Arguments...>(std::move(arguments)...)]() mutable {
                   std::apply([&](Arguments&... each) { std::move(run)(std::move(each)...); }, values);
                 });
    }

    Handler handler;
    asio::executor_work_guard<executor_type> work;
  };

  base* held_ = nullptr;
  std::uint64_t tag_ = 0;
};

/// The same for the usual signature void(error_code, Results...).
template <class... Results>
using pending_operation = pending_completion<error_code, Results...>;

/// Starts an operation for a completion token: `start` is called with a pending_operation that `target` can cancel.
template <class... Results, class Token, class Start>
auto initiate_operation(Token&& token, const asio::any_io_executor& executor, std::shared_ptr<cancellable> target,
                        Start start) {
  return asio::async_initiate<Token, void(error_code, Results...)>(
      [](auto handler, const asio::any_io_executor& on, const std::shared_ptr<cancellable>& object, Start begin) {
        pending_operation<Results...> operation(std::move(handler), on);
        operation.allow_cancellation(on, object);
        begin(std::move(operation));
      },
      token, executor, std::move(target), std::move(start));
}

}  // namespace quasio::runtime
