//! Models run by tract: pure Rust, always there, one thread. tract plans a graph for one shape, so plans are kept, and all workers
//! of a pool share them.

use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::{
    Datum as _, Framework as _, InferenceFact, InferenceModel, InferenceModelExt as _, IntoRunnable as _,
    IntoTValue as _, TValue, TVec, Tensor as TractTensor, TractResult, TypedSimplePlan, TypedSimpleState, tvec,
};

use super::engine::{Engine, Fill, Read, Shape};
use crate::decode::Tensor;
use crate::detector::DetectError;
use crate::manifest::Backend;

/// How many shapes are kept planned. A plan of the default model takes about 25 MB.
const PLANS: usize = 8;

/// The parsed graph and its plans.
pub(super) struct Plans {
    graph: InferenceModel,
    /// The latest used last.
    ready: Mutex<Vec<(Shape, Arc<TypedSimplePlan>)>>,
}

impl Plans {
    pub(super) fn parse(model: &[u8]) -> Result<Arc<Self>, String> {
        let graph = tract_onnx::onnx()
            // Some exporters name axes in ways that tract takes for contradictions; it finds the shapes by itself.
            .with_ignore_output_shapes(true)
            .with_ignore_value_info(true)
            .model_for_read(&mut Cursor::new(model))
            .map_err(|error| format!("{error:#}"))?;
        Ok(Arc::new(Self { graph, ready: Mutex::default() }))
    }

    /// Returns the plan for a shape, made if need be; other workers wait for it rather than make it twice.
    fn plan(&self, shape: Shape) -> TractResult<Arc<TypedSimplePlan>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = ready.iter().position(|(planned, _)| *planned == shape) {
            let entry = ready.remove(at);
            let plan = Arc::clone(&entry.1);
            ready.push(entry);
            return Ok(plan);
        }
        let fact = InferenceFact::dt_shape(f32::datum_type(), shape.axes());
        let plan = self.graph.clone().with_input_fact(0, fact)?.into_optimized()?.into_runnable()?;
        if ready.len() == PLANS {
            ready.remove(0);
        }
        ready.push((shape, Arc::clone(&plan)));
        Ok(plan)
    }
}

/// One worker's view of the plans.
pub(super) struct Tract {
    plans: Arc<Plans>,
    /// The state of the shape that was run last.
    state: Option<(Shape, TypedSimpleState)>,
}

impl Tract {
    pub(super) fn new(plans: Arc<Plans>) -> Self {
        Self { plans, state: None }
    }

    fn run_plan(&mut self, shape: Shape, fill: Fill<'_>) -> TractResult<TVec<TValue>> {
        if self.state.as_ref().is_none_or(|(planned, _)| *planned != shape) {
            self.state = Some((shape, self.plans.plan(shape)?.spawn()?));
        }
        let (_, state) = self.state.as_mut().expect("it was set above");
        let mut input = TractTensor::zero::<f32>(&shape.axes())?;
        fill(input.try_as_plain_ram_mut()?.as_slice_mut()?);
        state.run(tvec!(input.into_tvalue()))
    }
}

impl Engine for Tract {
    fn backend(&self) -> Backend {
        Backend::Tract
    }

    fn device(&self) -> &'static str {
        "cpu"
    }

    fn threads(&self) -> usize {
        1
    }

    fn strides_per_step(&self) -> u32 {
        // A new shape costs a new plan, so shapes have to be few: at 416 for a picture of 16 to 9 there are two.
        8
    }

    fn run(&mut self, shape: Shape, fill: Fill<'_>, read: Read<'_>) -> Result<(), DetectError> {
        let refused = |error: tract_onnx::prelude::TractError| DetectError::Run {
            backend: Backend::Tract,
            reason: format!("{error:#}"),
        };
        let outputs = self.run_plan(shape, fill).map_err(refused)?;
        let mut tensors = Vec::with_capacity(outputs.len());
        for output in &outputs {
            let data = output.try_as_plain_ram().and_then(|view| view.as_slice::<f32>()).map_err(refused)?;
            tensors.push(Tensor { shape: output.shape(), data });
        }
        read(&tensors)
    }
}
