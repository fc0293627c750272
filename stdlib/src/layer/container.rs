//! Modules made of others.

use std::any::Any;

use tch::Tensor;

use super::{BatchNorm, Neuron, norm_neuron};
use crate::error::Result;
use crate::nn::{Context, Module, Node};

/// Modules one behind the other, named `0`, `1`, ... or as they are called.
///
/// A [`BatchNorm`] with a [`Neuron`] behind it runs as a [`NormNeuron`](super::NormNeuron) does.
#[derive(Default)]
pub struct Sequential {
    modules: Vec<(String, Box<dyn Module>)>,
}

impl Sequential {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more, named by its place.
    pub fn with(self, module: impl Module + 'static) -> Self {
        let name = self.modules.len().to_string();
        self.named(&name, module)
    }

    /// The same with one more of a name.
    pub fn named(mut self, name: &str, module: impl Module + 'static) -> Self {
        self.modules.push((name.into(), Box::new(module)));
        self
    }
}

impl Module for Sequential {
    fn node(&self) -> Node {
        Node::new("Sequential")
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let mut x = input.shallow_clone();
        let mut modules = self.modules.iter_mut().peekable();
        while let Some((name, module)) = modules.next() {
            let behind = modules.peek_mut();
            let pair = behind.and_then(|(behind, next)| Some((behind, pair(module, next)?)));
            x = match pair {
                Some((behind, (norm, neuron))) => {
                    let output = norm_neuron::run((name, norm), (behind, neuron), &x, context)?;
                    modules.next();
                    output
                }
                None => module.forward(&x, context).map_err(|error| error.at(name))?,
            };
        }
        Ok(x)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.modules.iter().map(|(name, module)| (name.clone(), module.as_ref())).collect()
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        let modules = self.modules.iter_mut();
        modules.map(|(name, module)| (name.clone(), module.as_mut() as &mut dyn Module)).collect()
    }
}

/// A normalisation and the neuron behind it.
fn pair<'a>(
    module: &'a mut Box<dyn Module>,
    next: &'a mut Box<dyn Module>,
) -> Option<(&'a mut BatchNorm, &'a mut Neuron)> {
    let norm = (module.as_mut() as &mut dyn Any).downcast_mut::<BatchNorm>()?;
    let neuron = (next.as_mut() as &mut dyn Any).downcast_mut::<Neuron>()?;
    Some((norm, neuron))
}

/// What a body makes of its input, and the input, or what a shortcut makes of it, added.
pub struct Residual {
    body: Box<dyn Module>,
    shortcut: Option<Box<dyn Module>>,
}

impl Residual {
    /// Around a body that keeps the shape.
    pub fn new(body: impl Module + 'static) -> Self {
        Self { body: Box::new(body), shortcut: None }
    }

    /// The same with a shortcut that gives what the body gives in shape.
    pub fn shortcut(self, shortcut: impl Module + 'static) -> Self {
        Self { shortcut: Some(Box::new(shortcut)), ..self }
    }
}

impl Module for Residual {
    fn node(&self) -> Node {
        Node::new("Residual")
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let body = self.body.forward(input, context).map_err(|error| error.at("body"))?;
        let short = match &mut self.shortcut {
            None => input.shallow_clone(),
            Some(module) => module.forward(input, context).map_err(|e| e.at("shortcut"))?,
        };
        Ok(body.f_add(&short)?)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        let shortcut = self.shortcut.as_ref().map(|module| ("shortcut".into(), module.as_ref()));
        std::iter::once(("body".into(), self.body.as_ref())).chain(shortcut).collect()
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        let mut all: Vec<(String, &mut dyn Module)> = vec![("body".into(), self.body.as_mut())];
        if let Some(shortcut) = &mut self.shortcut {
            all.push(("shortcut".into(), shortcut.as_mut()));
        }
        all
    }
}
