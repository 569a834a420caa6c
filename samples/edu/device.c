// SPDX-License-Identifier: GPL-2.0-only
/* The device, from probe to remove. */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "driver.h"

static void edu_free(struct kref *ref)
{
	struct edu *edu = container_of(ref, struct edu, ref);

	pci_dev_put(edu->pdev);
	kfree(edu);
}

void edu_put(void *edu)
{
	kref_put(&((struct edu *)edu)->ref, edu_free);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	int err;

	if (!edu)
		return -ENOMEM;
	kref_init(&edu->ref);
	edu->pdev = pci_dev_get(pdev);
	/* The first, so the last to be undone: after the interrupt. */
	err = devm_add_action_or_reset(dev, edu_put, edu);
	if (err)
		return err;
	mutex_init(&edu->lock);
	spin_lock_init(&edu->irq_lock);
	init_waitqueue_head(&edu->wait);
	INIT_LIST_HEAD(&edu->contexts);
	pci_set_drvdata(pdev, edu);

	err = pcim_enable_device(pdev);
	if (!err)
		err = pcim_iomap_regions(pdev, BIT(0), "edu");
	if (!err)
		err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(28));
	if (err)
		return err;
	/* One piece may be as long as it likes. */
	dma_set_max_seg_size(dev, UINT_MAX);
	edu->regs = pcim_iomap_table(pdev)[0];

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	err = devm_request_irq(dev, pci_irq_vector(pdev, 0), edu_irq, IRQF_SHARED, "edu", edu);
	if (err)
		return err;
	pci_set_master(pdev);

	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = devm_kasprintf(dev, GFP_KERNEL, "edu-%s", pci_name(pdev));
	edu->misc.fops = &edu_fops;
	edu->misc.parent = dev;
	return edu->misc.name ? misc_register(&edu->misc) : -ENOMEM;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct edu_context *ctx;
	unsigned int i;

	misc_deregister(&edu->misc);
	mutex_lock(&edu->lock);
	list_for_each_entry(ctx, &edu->contexts, node)
		lend_revoke(ctx->registers);
	/* Nobody can start another one. */
	edu_wait_idle(edu);
	pci_clear_master(pdev);
	WRITE_ONCE(edu->gone, true);
	list_for_each_entry(ctx, &edu->contexts, node) {
		for (i = 0; i < EDU_BUFFERS; i++) {
			if (ctx->buffers[i].file && ctx->buffers[i].ours)
				lend_revoke(ctx->buffers[i].file);
			edu_drop(&ctx->buffers[i]);
		}
		spin_lock_irq(&edu->irq_lock);
		edu_interrupted(ctx);
		spin_unlock_irq(&edu->irq_lock);
	}
	mutex_unlock(&edu->lock);
	wake_up_all(&edu->wait);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's educational device, driven from user space");
MODULE_LICENSE("GPL");
