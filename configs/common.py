"""Every key of a configuration, declared once, at the paper's values.

Command lines set them as ``--config.train.steps=500``; a key that is not here is refused.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Return the paper's settings: 256x512, batch 1, 25 epochs (sections 3 and 4.1)."""
    config = ConfigDict()
    config.method = "sggan"
    # Everything random is a function of (seed, step, device).
    config.seed = 0

    data = config.data = ConfigDict()
    # tensorflow-datasets builders by name: toycity, folder, cityscapes, gtav, ... (docs/data.md).
    data.virtual = "toycity"
    # Empty for methods of a single domain, such as a segmentation network.
    data.real = "toycity"
    # Where the originals are; empty for built-in data.
    data.virtual_dir = ""
    data.real_dir = ""
    # folder: class tables of the labels: cityscapes, gtav, ... or a TOML or YAML file of your own.
    data.virtual_table = "cityscapes"
    data.real_table = "cityscapes"
    # Take labels as they are though they make no street when read under their table.
    data.accept_labels = False
    # toycity: number of scenes.
    data.toycity_train = 400
    data.toycity_test = 50
    # Where data sets prepared at training size are kept.
    data.data_dir = "data"
    data.split = "train"
    # Images used of each domain, drawn at random by the seed; 0 for all.
    data.virtual_count = 0
    data.real_count = 0
    # Files that name the images used of each domain, one a line (launch.prepare_data --lists);
    # empty for all.
    data.virtual_list = ""
    data.real_list = ""
    # Images of classes that fewer than this share of images show are repeated within an epoch, the
    # rarer the more; 0 shows every image once. Of every domain.
    data.balance = 0.0
    # Training size in pixels; images are resized straight to it, aspect not kept.
    data.height = 256
    data.width = 512
    # Size at which images are stored; 0 for the training size. Where it is larger, windows of the
    # training size are cut out at random, at the same heights in both domains. Not in the paper.
    data.stored_height = 0
    data.stored_width = 0
    # How much lower, as a share of the height, the real domain shows the same things (the report of
    # launch.prepare_data says it): its windows lie as much lower.
    data.crop_shift = 0.0
    # Groups of class ids, each judged by its own filter: paper8, or one for a plain PatchGAN.
    data.class_groups = "paper8"
    # Probability of a horizontal flip, image and labels together.
    data.flip = 0.5
    # Random scale, then a random window of the training size; beyond the image it is mirrored and
    # labels are ignored (255). For segmentation networks.
    data.scale_low = 1.0
    data.scale_high = 1.0
    # Random brightness, contrast and saturation within [1 - colour, 1 + colour], and channels
    # within a quarter of that; 0 for none. Of every domain.
    data.colour = 0.0
    # Decoding threads, and worker processes beside the training process (0: threads alone).
    data.threads = 2
    data.workers = 0
    # Share of a domain's prepared examples that may turn out unreadable: each is named, and another
    # stands in for it; with more the run stops.
    data.max_bad_fraction = 0.01

    nets = config.nets = ConfigDict()
    # unet (the paper's) or resnet (CycleGAN's).
    nets.generator = "unet"
    nets.width = 64
    # unet: number of downsamplings; sides must be multiples of 2^levels.
    nets.levels = 8
    # unet: dropout rate of the three innermost decoder levels.
    nets.dropout = 0.5
    # unet: let the last layer see the image itself: small things stay sharp. Not in the paper.
    nets.skip_image = False
    # resnet: number of residual blocks.
    nets.blocks = 9
    # transpose (the paper's) or resize (nearest and a 3x3 convolution: no checkerboards).
    nets.upsampling = "transpose"
    # Type of computations: float32 or bfloat16; parameters are float32 always.
    nets.dtype = "float32"
    nets.dis_width = 64
    # Halvings before the map of scores: 3 sees 70x70 pixels, 2 sees 34x34, 1 sees 16x16.
    nets.dis_downsamplings = 3
    # Sample masks on a corner-aligned grid, as the authors' program does.
    nets.mask_align_corners = False

    # Weight of every term by its name; a term of weight 0 is not computed.
    weights = config.weights = ConfigDict()
    weights.adv_r = 1.0
    weights.adv_v = 1.0
    weights.cyc_v = 10.0
    weights.cyc_r = 10.0
    weights.grad_v = 5.0
    weights.grad_r = 5.0
    # Identity: a generator should leave images of its target domain alone. Not in the paper.
    weights.idt_r = 0.0
    weights.idt_v = 0.0
    weights.dis_r = 1.0
    weights.dis_v = 1.0
    # bigan: the judge of pairs. simgan: self-regularisation.
    weights.dis_vr = 1.0
    weights.reg_v = 10.0
    # segmenter: cross-entropy.
    weights.seg = 1.0
    # fcns_in_the_wild: misled and misleading classifier of domains, and sizes of classes.
    weights.adv_seg = 0.1
    weights.dis_seg = 1.0
    weights.size_r = 0.1

    loss = config.loss = ConfigDict()
    # (alpha, beta) = (1, 0) for these epochs, then (grad_alpha, 1 - grad_alpha).
    loss.grad_hard_epochs = 3.0
    loss.grad_alpha = 0.9
    # Borders of the Sobel filters: reflect, or zero as in the authors' program.
    loss.grad_padding = "reflect"
    # Compare signed gradients, which also sees a contrast turned over. Not in the paper.
    loss.grad_signed = False
    # From 0, every place of the discriminators' maps counts the same, to 1, every region that an
    # image shows does: small ones are judged as severely as large ones. Not in the paper.
    loss.group_balance = 0.0
    # dualgan: bound of the critics' parameters, or instead the weight of a gradient penalty.
    loss.clip = 0.01
    loss.penalty = 0.0
    # dualgan: steps of the critics for each of the generators.
    loss.critic_steps = 2

    # simgan: its networks, and the order in which they learn.
    sim = config.sim = ConfigDict()
    sim.width = 64
    sim.blocks = 4
    sim.dis_width = 96
    # First the refiner on self-regularisation alone, then the discriminator alone.
    sim.refiner_steps = 1000
    sim.dis_steps = 200
    # After that, steps of the refiner for each of the discriminator.
    sim.ratio = 2

    # segmenter: the network and its loss. Its classes are data.class_groups, ten or cityscapes19.
    seg = config.seg = ConfigDict()
    # light (EfficientNet-Lite0 and a pyramid) or resnet38 ("Wider or Deeper", model A1).
    seg.network = "light"
    # Factors on all channels and on repeated blocks; weights of ImageNet need 1.
    seg.width = 1.0
    seg.depth = 1.0
    # light: imagenet starts from the installed package's weights, empty from nothing.
    seg.encoder_weights = ""
    # Subtract every image's mean and divide by its deviation, per channel.
    seg.standardise = True
    # Only pixels whose true class has at most this probability count; 1 counts all.
    seg.hard_threshold = 0.6
    # At least this many, the hardest, count.
    seg.hard_pixels = 256

    # fcns_in_the_wild: the classifier's width, and the virtual images that bound sizes of classes.
    fcns_in_the_wild = config.fcns_in_the_wild = ConfigDict()
    fcns_in_the_wild.dis_width = 128
    fcns_in_the_wild.history = 256

    optim = config.optim = ConfigDict()
    # adam, rmsprop (decay b2) or sgd (momentum b1).
    optim.kind = "adam"
    optim.learning_rate = 2e-4
    optim.b1 = 0.5
    optim.b2 = 0.999
    optim.eps = 1e-8
    # L2 penalty on kernels, added to their gradients.
    optim.weight_decay = 0.0
    # Constant until this share of the run, then down to 0; 1 never decays.
    optim.decay_from = 1.0
    # Power of the way down: 1 is linear.
    optim.decay_power = 1.0
    # Factor on the discriminators' learning rate.
    optim.dis_rate = 1.0

    train = config.train = ConfigDict()
    train.epochs = 25.0
    # Number of steps; 0 means as many as the epochs ask for.
    train.steps = 0
    # Images of each domain in one step, over all devices.
    train.batch_size = 1
    # History of fakes per domain, over all devices; 0 for none.
    train.pool_size = 50
    # Decay of the moving average of the generators, below 1; 0 for none. The average adapts, and
    # makes the samples; the weights that training began with have no part in it.
    train.ema = 0.0
    # Devices to use, of every process; 0 for all. On a CPU, that many virtual ones.
    train.devices = 0
    # Steps run by one call of the device.
    train.steps_per_dispatch = 1
    train.log_every = 50
    train.sample_every = 500
    train.sample_count = 4
    train.checkpoint_every = 2000
    # Newest checkpoints kept, and beside them those with the lowest value of a term when saved.
    train.keep = 3
    train.keep_best = 0
    train.best_metric = ""
    # After a term or gradient that is not finite: stop, or rollback to the last checkpoint and go
    # on without the batch, so many times at most.
    train.on_nonfinite = "stop"
    train.max_rollbacks = 3

    return config.lock()
