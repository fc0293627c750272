// What of the bridge to libtorch has to be C++: an autograd function, and the stream that is current.
//
// Exceptions end here, as messages that Rust frees; panics end in Rust, as messages that become exceptions.

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

extern "C" {
// In Rust. Gradients of what was computed, by `new` or null where there is none; a message where it failed.
char *snn_torch_backward(const void *op, const Tensor *const *saved, size_t n_saved,
                         const Tensor *const *grads, size_t n_grads, Tensor **out, size_t n_out);
// In Rust. Forgets what `record` was given.
void snn_torch_forget(const void *op);
}

namespace {

// What backward needs of Rust, forgotten with the graph.
struct Op : torch::CustomClassHolder {
  const void *op;
  explicit Op(const void *op) : op(op) {}
  ~Op() override { snn_torch_forget(op); }
};

// What forward has computed.
struct Computed {
  c10::intrusive_ptr<Op> op;
  variable_list saved;
  variable_list outputs;
  variable_list fixed;
};

std::vector<const Tensor *> pointers(const variable_list &tensors) {
  std::vector<const Tensor *> all;
  for (const auto &tensor : tensors) {
    all.push_back(tensor.defined() ? &tensor : nullptr);
  }
  return all;
}

const char *const ONCE =
    "a neuron has first derivatives only: its backward was differentiated again";

struct Neuron : torch::autograd::Function<Neuron> {
  static variable_list forward(AutogradContext *context, at::TensorList inputs, Computed *computed) {
    context->saved_data["op"] = c10::IValue::make_capsule(computed->op);
    context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    context->save_for_backward(computed->saved);
    context->set_materialize_grads(false);
    context->mark_non_differentiable(computed->fixed);
    return computed->outputs;
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    auto op = c10::static_intrusive_pointer_cast<Op>(context->saved_data["op"].toCapsule());
    size_t n = static_cast<size_t>(context->saved_data["inputs"].toInt());
    auto saved = context->get_saved_variables();
    std::vector<Tensor *> out(n, nullptr);
    char *message = nullptr;
    {
      at::AutoGradMode none(false);
      auto saved_pointers = pointers(saved);
      auto grad_pointers = pointers(grads);
      message = snn_torch_backward(op->op, saved_pointers.data(), saved.size(), grad_pointers.data(),
                                   grads.size(), out.data(), n);
    }
    variable_list results;
    for (Tensor *gradient : out) {
      std::unique_ptr<Tensor> owned(gradient);
      results.push_back(owned ? *owned : Tensor());
    }
    if (message) {
      std::string text(message);
      free(message);
      throw std::runtime_error(text);
    }
    if (at::GradMode::is_enabled()) {
      // Only what asks for a gradient is given the function that fails.
      for (auto &result : results) {
        if (result.defined()) {
          result.set_requires_grad(true);
        }
      }
      auto once = std::make_shared<torch::autograd::DelayedError>(ONCE, n);
      results = (*once)(std::move(results));
    }
    // `forward` was given something besides its inputs, which has no gradient.
    results.emplace_back();
    return results;
  }
};

char *copied(const char *text) { return strdup(text); }

template <class Do> char *guarded(Do act) {
  try {
    act();
    return nullptr;
  } catch (const std::exception &e) {
    return copied(e.what());
  } catch (...) {
    return copied("an exception that says nothing");
  }
}

variable_list tensors(Tensor *const *pointers, size_t n) {
  variable_list all;
  for (size_t i = 0; i < n; ++i) {
    all.push_back(pointers[i] ? *pointers[i] : Tensor());
  }
  return all;
}

// The generator that a device's random operations take their numbers from, the CPU's where `ordinal` is negative.
at::Generator generator(int ordinal) {
  auto device = ordinal < 0 ? c10::Device(at::kCPU)
                            : c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(ordinal));
  return at::globalContext().defaultGenerator(device);
}

// What loss scaling knows; nothing where it is not used.
std::pair<std::optional<Tensor>, std::optional<Tensor>> scaling(Tensor *scale, Tensor *found) {
  if (scale && found) {
    return {*scale, *found};
  }
  return {};
}

} // namespace

extern "C" {

// Makes outputs depend on inputs. `is_fixed` says of each output whether it has no gradient.
char *snn_torch_record(Tensor *const *inputs, size_t n_inputs, Tensor *const *saved, size_t n_saved,
                       Tensor *const *outputs, const uint8_t *is_fixed, size_t n_outputs,
                       const void *op) {
  return guarded([&] {
    Computed computed;
    computed.op = c10::make_intrusive<Op>(op);
    computed.saved = tensors(saved, n_saved);
    computed.outputs = tensors(outputs, n_outputs);
    for (size_t i = 0; i < n_outputs; ++i) {
      if (is_fixed[i]) {
        computed.fixed.push_back(computed.outputs[i]);
      }
    }
    auto given = tensors(inputs, n_inputs);
    auto results = Neuron::apply(at::TensorList(given), &computed);
    for (size_t i = 0; i < n_outputs; ++i) {
      *outputs[i] = results[i];
    }
  });
}

// The driver's handle of the stream that is current on a CUDA device.
char *snn_torch_stream(int device, void **stream) {
  return guarded([&] {
    c10::impl::VirtualGuardImpl guard(at::kCUDA);
    auto current = guard.getStream(c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)));
    *stream = current.native_handle();
  });
}

// Whether convolutions and matrix products of f32 may round what they multiply to 10 bits, on CUDA.
char *snn_torch_tf32(bool convolutions, bool products) {
  return guarded([&] {
    at::globalContext().setAllowTF32CuDNN(convolutions);
    at::globalContext().setAllowTF32CuBLAS(products);
  });
}

// Makes another stream current on a device, one of libtorch's own where `id` is not set, and tells which was.
char *snn_torch_exchange_stream(int device, bool is_new, int64_t *id) {
  return guarded([&] {
    c10::impl::VirtualGuardImpl guard(at::kCUDA);
    c10::Device place(at::kCUDA, static_cast<c10::DeviceIndex>(device));
    auto next = is_new ? guard.getStreamFromGlobalPool(place)
                       : c10::Stream(c10::Stream::UNSAFE, place, *id);
    *id = guard.exchangeStream(next).id();
  });
}

// The most bytes that tensors on a device had at once, since the program began or the count was reset.
char *snn_torch_peak(int device, bool resets, int64_t *bytes) {
  return guarded([&] {
    auto index = static_cast<c10::DeviceIndex>(device);
    auto *allocator = c10::getDeviceAllocator(at::kCUDA);
    if (resets) {
      allocator->resetPeakStats(index);
    }
    auto stats = allocator->getDeviceStats(index);
    *bytes = stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
  });
}

// Begins to write down what runs, on the host and on CUDA.
char *snn_torch_profile() {
  return guarded([] {
    using namespace torch::profiler::impl;
    ProfilerConfig config(ProfilerState::KINETO);
    std::set<ActivityType> activities{ActivityType::CPU};
    if (at::globalContext().hasCUDA()) {
      activities.insert(ActivityType::CUDA);
    }
    torch::autograd::profiler::prepareProfiler(config, activities);
    torch::autograd::profiler::enableProfiler(config, activities, {at::RecordScope::FUNCTION});
  });
}

// Ends that, and writes it into a file if there is to be one.
char *snn_torch_profiled(const char *path) {
  return guarded([&] {
    auto result = torch::autograd::profiler::disableProfiler();
    if (path) {
      result->save(path);
    }
  });
}

void snn_torch_free(char *message) { free(message); }

// Adam's step over many tensors in one kernel. Without a scale and a flag, `scale` and `found` are null.
char *snn_torch_adam(Tensor *const *params, Tensor *const *grads, Tensor *const *means,
                     Tensor *const *squares, Tensor *const *steps, size_t n, double rate, double beta1,
                     double beta2, double decay, double eps, bool decoupled, Tensor *scale,
                     Tensor *found) {
  return guarded([&] {
    at::NoGradGuard none;
    auto [grad_scale, found_inf] = scaling(scale, found);
    auto own = tensors(params, n), own_grads = tensors(grads, n), own_means = tensors(means, n),
         own_squares = tensors(squares, n), own_steps = tensors(steps, n);
    variable_list no_maxima;
    at::_foreach_add_(own_steps, 1);
    if (decoupled) {
      at::_fused_adamw_(own, own_grads, own_means, own_squares, no_maxima, own_steps, rate, beta1,
                        beta2, decay, eps, false, false, grad_scale, found_inf);
    } else {
      at::_fused_adam_(own, own_grads, own_means, own_squares, no_maxima, own_steps, rate, beta1,
                       beta2, decay, eps, false, false, grad_scale, found_inf);
    }
    if (found_inf) {
      // A step that is left out is none.
      at::_foreach_sub_(own_steps, variable_list(n, *found_inf));
    }
  });
}

// The step of gradient descent over many tensors in one kernel; without momentum, `momenta` is null.
char *snn_torch_sgd(Tensor *const *params, Tensor *const *grads, Tensor *const *momenta, size_t n,
                    double decay, double momentum, double rate, double dampening, bool nesterov,
                    bool first, Tensor *scale, Tensor *found) {
  return guarded([&] {
    at::NoGradGuard none;
    auto [grad_scale, found_inf] = scaling(scale, found);
    auto own = tensors(params, n), own_grads = tensors(grads, n);
    auto own_momenta = momenta ? tensors(momenta, n) : variable_list();
    at::_fused_sgd_(own, own_grads, own_momenta, decay, momentum, rate, dampening, nesterov, false,
                    first, grad_scale, found_inf);
  });
}

// Divides gradients by a scale and tells whether any is not finite, without the host.
char *snn_torch_unscale(Tensor *const *grads, size_t n, Tensor *found, const Tensor *inverse) {
  return guarded([&] {
    at::NoGradGuard none;
    auto own = tensors(grads, n);
    at::_amp_foreach_non_finite_check_and_unscale_(own, *found, *inverse);
  });
}

// Lets gradients go, so that backward makes new ones.
void snn_torch_forget_grad(Tensor *tensor) { tensor->mutable_grad() = Tensor(); }

// The same numbers in memory that a GPU copies from by itself.
char *snn_torch_pin(const Tensor *tensor, Tensor **pinned) {
  return guarded([&] { *pinned = new Tensor(tensor->pin_memory()); });
}

// A new tensor of the bytes that a generator goes on from.
char *snn_torch_generator_state(int ordinal, Tensor **state) {
  return guarded([&] {
    auto own = generator(ordinal);
    std::lock_guard<std::mutex> lock(own.mutex());
    *state = new Tensor(own.get_state());
  });
}

// Makes a generator go on from such bytes.
char *snn_torch_set_generator_state(int ordinal, const Tensor *state) {
  return guarded([&] {
    auto own = generator(ordinal);
    std::lock_guard<std::mutex> lock(own.mutex());
    own.set_state(*state);
  });
}

// Autocast on this thread: what it was, as a pair of flags, and to what it is set.
char *snn_torch_autocast(bool cuda, bool enabled, int kind, bool *was, int *was_kind) {
  return guarded([&] {
    auto device = cuda ? at::kCUDA : at::kCPU;
    *was = at::autocast::is_autocast_enabled(device);
    *was_kind = static_cast<int>(at::autocast::get_autocast_dtype(device));
    at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(kind));
    at::autocast::set_autocast_enabled(device, enabled);
  });
}

// The cache of casts, which is one of an outermost autocast.
int snn_torch_autocast_nesting(bool enters) {
  if (enters) {
    return at::autocast::increment_nesting();
  }
  int nesting = at::autocast::decrement_nesting();
  if (nesting == 0) {
    at::autocast::clear_cache();
  }
  return nesting;
}
}
